/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parser of an HTTP/1.1 upstream's answers, around llhttp. It knows no connection. */
#ifndef QUICD_UPPARSE_H
#define QUICD_UPPARSE_H

#include <llhttp.h>

#include "fields.h"

/* A field of the answer while its pieces come in. */
struct piece {
	char *data;
	size_t len, cap;
};

struct upparse {
	llhttp_t parser;
	/* The owner's; each returns 0, or -1 to refuse the answer. A header, interim or final: */
	int (*on_header)(struct upparse *u, unsigned int status);
	int (*on_body)(struct upparse *u, const char *at, size_t len);
	bool head; /* answer to a HEAD: no body follows, whatever Content-Length says */

	struct piece name, value;
	struct fields fields; /* of the header for on_header(), in the end the trailers */
	bool header_done;     /* the final header is through */
	bool complete;	      /* and so is the rest */
	bool keep;	      /* complete: the connection may carry another request */
};

/* Before each answer; the first time with @u zeroed and its functions set. */
void upparse_init(struct upparse *u, bool head);
/* Feeds @len bytes. Returns 0, or -EPROTO when the answer is not HTTP/1. */
int upparse_feed(struct upparse *u, const char *data, size_t len);
/* End of file. Returns 0 unless a message is cut short; it may have made the answer complete. */
int upparse_eof(struct upparse *u);
void upparse_free(struct upparse *u);

#endif
