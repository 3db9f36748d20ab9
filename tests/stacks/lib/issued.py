# SPDX-License-Identifier: GPL-2.0-or-later
"""A connection of aioquic that keeps the IDs that its peer issues."""
from aioquic.quic.connection import QuicConnection


class Issued(QuicConnection):
    def __init__(self, **kw):
        self.issued = []
        super().__init__(**kw)

    def _handle_new_connection_id_frame(self, context, frame_type, buf):
        at = buf.tell()
        buf.pull_uint_var(), buf.pull_uint_var()
        self.issued.append(buf.pull_bytes(buf.pull_uint8()))
        buf.seek(at)
        super()._handle_new_connection_id_frame(context, frame_type, buf)
