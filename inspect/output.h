/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Flows as lines of text or JSON. */
#ifndef QI_OUTPUT_H
#define QI_OUTPUT_H

#include <stdio.h>

#include "flows.h"

/**
 * qi_output_text - write a flow as a line of text
 *
 * Names are in quotes; of their bytes only printable ASCII stands as it is, a quote and a
 * backslash follow a backslash, all others are written \xNN.
 *
 * Return: 0 or -EIO.
 */
int qi_output_text(FILE *out, const struct qi_flow *flow);

/**
 * qi_output_json - write a flow as a JSON object on a line
 *
 * A name that is UTF-8 stands as it is. JSON cannot carry other bytes: of such a name all that
 * is not printable ASCII is written \xNN. A backslash in a name is always doubled.
 *
 * Return: 0, -ENOMEM or -EIO.
 */
int qi_output_json(FILE *out, const struct qi_flow *flow);

#endif /* QI_OUTPUT_H */
