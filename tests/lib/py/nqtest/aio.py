# SPDX-License-Identifier: GPL-2.0-or-later
"""A client of another make, for what quicc does not do."""
from nqtest.poll import PATIENCE
from nqtest.suite import Skip


def aioquic_run(port, work, ticket=None, **more):
    """Runs work(protocol) with an aioquic client; ticket() gets session tickets, more goes into its configuration."""
    try:
        import asyncio
        import ssl
        from aioquic.asyncio.client import connect
        from aioquic.quic.configuration import QuicConfiguration
    except ImportError:
        raise Skip("python3-aioquic is not installed")
    config = QuicConfiguration(alpn_protocols=["echo"], is_client=True, server_name="localhost",
                               verify_mode=ssl.CERT_NONE, **more)

    async def go():
        async with connect("127.0.0.1", port, configuration=config, session_ticket_handler=ticket) as c:
            return await work(c)

    return asyncio.run(asyncio.wait_for(go(), 30 * PATIENCE))
