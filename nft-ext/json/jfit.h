/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How many bytes of a connection ID a selector in JSON takes; as text/width does in text. */
#ifndef NX_JFIT_H
#define NX_JFIT_H

#include "jwalk.h"

/**
 * nx_jfit - give each part of a connection ID the width of what it is compared with
 * @w:		the walk
 * @left:	the selector, untranslated; gets "len" where it had none, or is a port then
 * @right:	a value, a list of elements or of pairs, or "@set"
 */
void nx_jfit(struct nx_jwalk *w, json_t *left, json_t *right);

/** nx_jfit_data - the same for the data of a statement on @map, "@name" */
void nx_jfit_data(struct nx_jwalk *w, json_t *data, json_t *map);

/** nx_jfit_port - @v stands where stock nft wants a port */
void nx_jfit_port(struct nx_jwalk *w, json_t *v);

/** nx_jfit_rule - walk a rule's statements; @rule is the object that names its table */
void nx_jfit_rule(struct nx_jwalk *w, json_t *rule);

/**
 * nx_jfit_rule_back - NX_OUT: bring back a rule's server IDs that stand where stock nft wants a
 * port
 *
 * Only an echo of JSON commands still has them as nx_jfit_rule wrote them.
 */
void nx_jfit_rule_back(struct nx_jwalk *w, json_t *rule);

#endif /* NX_JFIT_H */
