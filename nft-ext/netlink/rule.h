/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules on the wire: payload placeholders to the expression "quic", and back.
 *
 *   payload placeholder -> register                  quic KEY -> register
 *   payload placeholder -> register, cmp on it       quic KEY == literal
 *   payload slot -> register, cmp on it with 1       quic KEY == the slot's literal
 *   payload slot of a mask -> register               quic KEY -> register, bitwise on it
 *   NX_PORT_OFFSET compared with N, and later the    quic server-id -> register
 *   ct expression of that number -> register
 */
#ifndef NX_RULE_H
#define NX_RULE_H

#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "slots.h"

/**
 * nx_rule_out - translate a rule that goes to the kernel
 * @nlh:	NFT_MSG_NEWRULE (or any message with NFTA_RULE_EXPRESSIONS); changed in place
 * @room:	bytes that the message may grow to
 * @slots:	literals of this context
 * @nquic:	how many quic expressions it has now
 *
 * Return: 0; -EMSGSIZE if it does not fit, -EINVAL if a placeholder is used in a way
 * that the expression cannot express, -ENOMEM. On failure the message is as it was, and
 * the kernel will refuse it.
 */
int nx_rule_out(struct nlmsghdr *nlh, size_t room, const struct nx_slots *slots,
		unsigned int *nquic);

/**
 * nx_rule_in - translate a rule that comes from the kernel
 * @nlh:	the message
 * @out:	the translated message, if it had to change
 * @slots:	literals of this context; may grow
 *
 * Return: 1 if @out holds a translation, 0 if there is nothing to translate, -EINVAL if
 * the kernel's quic expression is of a newer make than this library, -ENOMEM, -ENOSPC.
 */
int nx_rule_in(const struct nlmsghdr *nlh, struct nx_buf *out, struct nx_slots *slots);

#endif /* NX_RULE_H */
