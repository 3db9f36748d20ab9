// SPDX-License-Identifier: GPL-2.0-or-later
/* The core's flights once more under names of their own, with GCM from blocks (gcm.h). */
#include "port.h"
#include "gcm.h"

#define nq_gcm_open	      nq_gcm_open_blocks
#define nq_protect_open	      blocks_protect_open
#define nq_protect_retry      blocks_protect_retry
#define nq_flight_gate	      blocks_flight_gate
#define nq_flight_gate_on     blocks_flight_gate_on
#define nq_flight_init	      blocks_flight_init
#define nq_flight_resume      blocks_flight_resume
#define nq_flight_feed	      blocks_flight_feed
#define nq_flight_size	      blocks_flight_size
#define nq_flight_packed_size blocks_flight_packed_size
#define nq_flight_pack	      blocks_flight_pack
#define nq_flight_unpack      blocks_flight_unpack

#include "protect.c"
#include "flight.c"
