/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counters of one worker. Only that worker writes; the control socket reads. Relaxed
 * atomics: each number is right, a set of them may be a moment apart.
 */
#ifndef QUICD_STATS_H
#define QUICD_STATS_H

#include <stdatomic.h>
#include <stdint.h>

#include "hist.h"

/* X(field, OpenMetrics name, help); names without the "quicd_" in front and "_total" behind */
#define STATS_COUNTERS(X)                                                                          \
	X(accepted, connections_accepted, "Connections whose first Initial was accepted")          \
	X(hs_ok, handshakes_completed, "Handshakes completed")                                     \
	X(hs_tls, handshakes_failed_tls, "Handshakes ended by a TLS alert")                        \
	X(hs_alpn, handshakes_failed_alpn, "Handshakes without a common ALPN protocol")            \
	X(hs_timeout, handshakes_timed_out, "Handshakes not completed in time")                    \
	X(hs_other, handshakes_failed_other, "Handshakes ended by any other error")                \
	X(refused, connections_refused, "Initials refused at a limit or while draining")           \
	X(retries, retries, "Retry packets sent")                                                  \
	X(bad_tokens, tokens_invalid, "Initials refused for an invalid Retry token")               \
	X(version_neg, version_negotiations, "Version Negotiation packets sent")                   \
	X(resets_sent, stateless_resets, "Stateless resets sent")                                  \
	X(closed_ok, connections_closed, "Connections closed by the peer or cleanly by us")        \
	X(closed_idle, connections_idle_timeout, "Connections ended by the idle timeout")          \
	X(closed_error, connections_failed, "Connections ended by a protocol error")               \
	X(migrations, migrations, "Paths validated after a migration or rebinding")                \
	X(rx_datagrams, received_datagrams, "UDP datagrams received")                              \
	X(rx_bytes, received_bytes, "UDP payload bytes received")                                  \
	X(tx_datagrams, sent_datagrams, "UDP datagrams sent")                                      \
	X(tx_trains, sent_trains, "Sends of one or more UDP datagrams at once")                    \
	X(tx_bytes, sent_bytes, "UDP payload bytes sent")                                          \
	X(dropped, dropped_datagrams, "Datagrams that belong to no connection and start none")     \
	X(forwarded, forwarded_datagrams,                                                          \
	  "Datagrams passed to an earlier process after an upgrade")                               \
	X(forward_lost, forward_lost_datagrams,                                                    \
	  "Datagrams that an earlier process could not take")                                      \
	X(upgrades_failed, upgrades_failed, "New programs that did not start on SIGUSR2")          \
	X(lost, lost_packets, "QUIC packets declared lost")                                        \
	X(streams, streams_opened, "Streams opened by clients")                                    \
	X(stream_resets, streams_reset, "Streams reset by either side")                            \
	X(backend_ok, backend_connections, "Backend connections made")                             \
	X(backend_fail, backend_failures, "Backend connections that failed")                       \
	X(backend_rx, backend_received_bytes, "Bytes read from backends")                          \
	X(backend_tx, backend_sent_bytes, "Bytes written to backends")                             \
	X(http_requests, http_requests, "HTTP/3 requests")                                         \
	X(http_4xx, http_client_errors, "HTTP/3 requests answered with a status from 400 to 499")  \
	X(http_5xx, http_server_errors, "HTTP/3 requests answered with a status from 500 on")      \
	X(access_lost, access_log_lines_lost, "Lines of the access log that could not be written")

#define STATS_GAUGES(X)                                                                            \
	X(conns, connections, "Connections now open, handshakes included")                         \
	X(half_open, handshakes_in_progress, "Handshakes now in progress")                         \
	X(open_streams, streams, "Streams now open")                                               \
	X(buffers, stream_buffer_bytes, "Memory now held in stream buffers")                       \
	X(earlier, earlier_processes, "Processes that an upgrade replaced and that still serve")

/* Histogram of smoothed RTTs at connection close: bucket i holds [2^(i/4), 2^((i+1)/4)) us. */
#define STATS_RTT_BUCKETS 104

struct stats {
#define X(field, name, help) _Atomic uint64_t field;
	STATS_COUNTERS(X)
	STATS_GAUGES(X)
#undef X
	_Atomic uint64_t rtt[STATS_RTT_BUCKETS];
	struct hist_set hist;
};

/* For the one writing thread. */
#define STAT_ADD(s, field, n)                                                                      \
	atomic_store_explicit(&(s)->field,                                                         \
			      atomic_load_explicit(&(s)->field, memory_order_relaxed) + (n),       \
			      memory_order_relaxed)
#define STAT_INC(s, field) STAT_ADD(s, field, 1)
#define STAT_DEC(s, field) STAT_ADD(s, field, UINT64_MAX)
#define STAT_GET(s, field) atomic_load_explicit(&(s)->field, memory_order_relaxed)

/* Records an RTT of @ns nanoseconds. */
void stats_rtt(struct stats *s, uint64_t ns);
/* Adds @from to @to, which nobody else uses. */
void stats_sum(struct stats *to, const struct stats *from);
/* The RTT in microseconds below which the share @q (0..1) of samples lies; 0 without samples. */
double stats_rtt_quantile(const struct stats *s, double q);
uint64_t stats_rtt_count(const struct stats *s);

#endif
