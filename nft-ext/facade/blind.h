/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The real library without hooks, as when a newer one no longer makes the calls that we hook: it
 * leaves rules with quic out of whatever it lists, and what is saved from that is lost.
 */
#ifndef NX_BLIND_H
#define NX_BLIND_H

#include <stdbool.h>
#include <stddef.h>

/**
 * nx_blind_refuses - would these commands lose rules?
 * @cmd:	text or JSON
 * @len:	its length
 *
 * Return: true, with a message on stderr, if they list and the kernel has rules with quic, or
 * cannot tell.
 */
bool nx_blind_refuses(const char *cmd, size_t len);

#endif /* NX_BLIND_H */
