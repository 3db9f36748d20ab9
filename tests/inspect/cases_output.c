// SPDX-License-Identifier: GPL-2.0-or-later
/* How flows are written, above all names that are made to do harm. */
#include "cases.h"

#define JSON_HEAD                                                                                  \
	"{\"src\":\"192.0.2.1\",\"sport\":40000,\"dst\":\"198.51.100.1\",\"dport\":443,"           \
	"\"version\":\"0x00000001\",\"dcid\":\"1112131415161718\","

/* The end of a line without marks. */
#define MARKS ",\"address\":false,\"retry\":false,\"closed\":false"

static const struct qt_buf *with(const struct qt_chello *h)
{
	const struct qt_packet p = tc_packet();
	static struct qt_buf hello, d;

	hello.len = d.len = 0;
	qt_chello(&hello, h);
	tc_part(&d, &p, &hello, 0, hello.len);
	return &d;
}

/* One hello, as text and as JSON. */
static void both(const char *name, const struct qt_chello *h, const char *text, const char *json)
{
	char json_name[64];
	struct tc c;

	tc_raw(&c, name);
	tc_udp(&c, 0, with(h));
	tc_want(&c, false, 0, USUAL_ID " %s", text);
	tc_end(&c);
	snprintf(json_name, sizeof(json_name), "%s-json", name);
	tc_json(&c, json_name);
	tc_udp(&c, 0, with(h));
	fprintf(c.want, JSON_HEAD "%s}\n", json);
	tc_end(&c);
}

void cases_output(void)
{
	const struct qt_packet p = tc_packet();
	static struct qt_buf d, close;
	struct tc c;

	both("names", &(struct qt_chello){.sni = "Fs.Example.com.", .alpn = "smb,h3"},
	     "sni \"Fs.Example.com.\" alpn \"smb\", \"h3\" datagrams 1",
	     "\"sni\":\"Fs.Example.com.\",\"alpn\":[\"smb\",\"h3\"],\"datagrams\":1,"
	     "\"complete\":true,\"ech\":false" MARKS);
	both("no-names", &(struct qt_chello){0}, "datagrams 1",
	     "\"sni\":null,\"alpn\":[],\"datagrams\":1,\"complete\":true,\"ech\":false" MARKS);
	both("ech", &(struct qt_chello){.sni = "outer.example", .ech = true},
	     "sni \"outer.example\" datagrams 1 ech",
	     "\"sni\":\"outer.example\",\"alpn\":[],\"datagrams\":1,\"complete\":true,\"ech\":"
	     "true" MARKS);
	both("address-v4", &(struct qt_chello){.sni = "192.0.2.80"},
	     "sni \"192.0.2.80\" datagrams 1 address",
	     "\"sni\":\"192.0.2.80\",\"alpn\":[],\"datagrams\":1,\"complete\":true,"
	     "\"ech\":false,\"address\":true,\"retry\":false,\"closed\":false");
	both("address-v6", &(struct qt_chello){.sni = "2001:db8::80"},
	     "sni \"2001:db8::80\" datagrams 1 address",
	     "\"sni\":\"2001:db8::80\",\"alpn\":[],\"datagrams\":1,\"complete\":true,"
	     "\"ech\":false,\"address\":true,\"retry\":false,\"closed\":false");
	both("address-almost", &(struct qt_chello){.sni = "192.0.2.80.example"},
	     "sni \"192.0.2.80.example\" datagrams 1",
	     "\"sni\":\"192.0.2.80.example\",\"alpn\":[],\"datagrams\":1,\"complete\":true,"
	     "\"ech\":false" MARKS);
	both("quotes", &(struct qt_chello){.sni = "a\"b\\x41", .alpn = "\",\\\\"},
	     "sni \"a\\\"b\\\\x41\" alpn \"\\\"\", \"\\\\\\\\\" datagrams 1",
	     "\"sni\":\"a\\\"b\\\\\\\\x41\",\"alpn\":[\"\\\"\",\"\\\\\\\\\\\\\\\\\"],\"datagrams\":"
	     "1,"
	     "\"complete\":true,\"ech\":false" MARKS);
	both("control", &(struct qt_chello){.alpn = "\n\033[31m,\177"},
	     "alpn \"\\x0a\\x1b[31m\", \"\\x7f\" datagrams 1",
	     "\"sni\":null,\"alpn\":[\"\\n\\u001B[31m\",\"\177\"],\"datagrams\":1,"
	     "\"complete\":true,\"ech\":false" MARKS);
	both("utf-8", &(struct qt_chello){.alpn = "\303\251t\303\251,\342\202"},
	     "alpn \"\\xc3\\xa9t\\xc3\\xa9\", \"\\xe2\\x82\" datagrams 1",
	     "\"sni\":null,\"alpn\":[\"\303\251t\303\251\",\"\\\\xe2\\\\x82\"],\"datagrams\":1,"
	     "\"complete\":true,\"ech\":false" MARKS);

	tc_json(&c, "incomplete-json");
	d.len = 0;
	tc_part(&d, &p, tc_hello(1700), 0, 1000);
	tc_udp(&c, 0, &d);
	fprintf(c.want, JSON_HEAD "\"sni\":null,\"alpn\":[],\"datagrams\":1,\"complete\":false,"
				  "\"ech\":false" MARKS "}\n");
	tc_end(&c);

	/* Its first Initial says goodbye, or its second one. */
	qt_put_u8(&close, 0x1c);
	qt_put_u8(&close, 0x0a); /* PROTOCOL_VIOLATION */
	qt_put_u8(&close, 0x06); /* in a CRYPTO frame */
	qt_put_u8(&close, 0);	 /* no reason */
	tc_raw(&c, "closed");
	d.len = 0;
	qt_initial(&d, &p, &close);
	tc_udp(&c, 1001, &d);
	d.len = 0;
	tc_part(&d, &p, tc_hello(1700), 0, 1000);
	tc_udp(&c, 1002, &d);
	d.len = 0;
	qt_initial(&d, &p, &close);
	tc_udp(&c, 1002, &d);
	tc_want(&c, false, 1001, USUAL_ID " datagrams 1 closed incomplete");
	tc_want(&c, false, 1002, USUAL_ID " datagrams 1 closed incomplete");
	tc_end(&c);
}
