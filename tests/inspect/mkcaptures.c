// SPDX-License-Identifier: GPL-2.0-or-later
/* mkcaptures DIR: writes every case's capture and expected output. */
#include <stdarg.h>
#include <stdlib.h>

#include "cases.h"

static const char *directory;

static void path(char out[4096], const char *name, const char *suffix)
{
	snprintf(out, 4096, "%s/%s%s", directory, name, suffix);
}

static void begin(struct tc *c, const char *name, const char *want)
{
	char file[4096];

	path(file, name, want);
	c->want = fopen(file, "w");
	if (!c->want) {
		perror(file);
		exit(1);
	}
	c->when = 1000000000;
}

void tc_begin(struct tc *c, const char *name, enum cap_form form, bool big, uint16_t linktype)
{
	char file[4096];

	path(file, name, ".pcap");
	cap_open(&c->file, file, form, big, linktype);
	begin(c, name, ".want");
}

void tc_raw(struct tc *c, const char *name)
{
	tc_begin(c, name, CAP_USEC, false, LINK_RAW);
}

void tc_json(struct tc *c, const char *name)
{
	char file[4096];

	path(file, name, ".pcap");
	cap_open(&c->file, file, CAP_USEC, false, LINK_RAW);
	begin(c, name, ".json.want");
}

void tc_end(struct tc *c)
{
	cap_close(&c->file);
	if (fclose(c->want)) {
		perror("close");
		exit(1);
	}
}

void tc_frame(struct tc *c, const struct qt_buf *frame)
{
	cap_frame(&c->file, c->when, frame->p, frame->len, frame->len);
}

static void send_udp(struct tc *c, uint16_t sport, bool from_server, const struct qt_buf *payload)
{
	const struct wire_udp u = {.sport = sport, .from_server = from_server};
	const struct wire_ip ip = {.from_server = from_server};
	static struct qt_buf udp, frame;

	udp.len = frame.len = 0;
	wire_udp(&udp, &u, payload);
	wire_ip(&frame, &ip, udp.p, udp.len);
	tc_frame(c, &frame);
}

void tc_udp(struct tc *c, uint16_t sport, const struct qt_buf *payload)
{
	send_udp(c, sport, false, payload);
}

void tc_reply(struct tc *c, uint16_t sport, const struct qt_buf *payload)
{
	send_udp(c, sport, true, payload);
}

void tc_want(struct tc *c, bool v6, uint16_t sport, const char *format, ...)
{
	unsigned int port = sport ? sport : 40000;
	va_list args;

	if (v6)
		fprintf(c->want, "[2001:db8::1]:%u > [2001:db8::2]:443 ", port);
	else
		fprintf(c->want, "192.0.2.1:%u > 198.51.100.1:443 ", port);
	va_start(args, format);
	vfprintf(c->want, format, args);
	va_end(args);
	putc('\n', c->want);
}

struct qt_packet tc_packet(void)
{
	struct qt_packet p = {.version = QT_V1, .pad_to = 1200};

	p.dcid = qt_cid(0x11, 8);
	p.scid = qt_cid(0x81, 4);
	return p;
}

const struct qt_buf *tc_hello(size_t size)
{
	const struct qt_chello h = {.sni = "fs.example.com", .alpn = "smb,h3", .size = size};
	static struct qt_buf hello;

	hello.len = 0;
	qt_chello(&hello, &h);
	return &hello;
}

void tc_part(struct qt_buf *out, const struct qt_packet *p, const struct qt_buf *hello, size_t from,
	     size_t to)
{
	static struct qt_buf frames;

	frames.len = 0;
	qt_frame_crypto(&frames, from, hello->p + from, to - from);
	qt_initial(out, p, &frames);
}

const struct qt_buf *tc_usual(void)
{
	const struct qt_packet p = tc_packet();
	const struct qt_buf *hello = tc_hello(0);
	static struct qt_buf out;

	out.len = 0;
	tc_part(&out, &p, hello, 0, hello->len);
	return &out;
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fputs("usage: mkcaptures DIR\n", stderr);
		return 2;
	}
	directory = argv[1];
	cases_link();
	cases_ip();
	cases_flow();
	cases_output();
	return 0;
}
