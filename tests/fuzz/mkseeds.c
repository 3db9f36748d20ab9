// SPDX-License-Identifier: GPL-2.0-or-later
/* mkseeds DIR: writes first inputs for the fuzz targets, made by the tests' own builder. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include "chello.h"
#include "initial.h"

static const char *dir;
static struct qt_buf msg, frames, d, out;

static void save(const char *target, const char *name, const struct qt_buf *b)
{
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", dir, target);
	mkdir(path, 0777);
	snprintf(path, sizeof(path), "%s/%s/seed-%s", dir, target, name);
	file = fopen(path, "wb");
	if (!file || fwrite(b->p, 1, b->len, file) != b->len || fclose(file)) {
		perror(path);
		exit(1);
	}
}

/* The hello cut into @n CRYPTO frames, last first, with other frames between. */
static void cut_up(unsigned int n)
{
	frames.len = 0;
	for (unsigned int i = n; i--;) {
		size_t from = msg.len * i / n, to = msg.len * (i + 1) / n;

		qt_frame_crypto(&frames, from, msg.p + from, to - from);
		qt_frame_ping(&frames);
		qt_frame_padding(&frames, i);
	}
	qt_frame_ack(&frames, 3, 1, n % 2);
}

static void headers_and_frames(uint32_t version, const char *name)
{
	struct qt_packet p = {.version = version, .dcid = qt_cid(1, 8), .scid = qt_cid(7, 8)};

	d.len = 0;
	cut_up(3);
	save("frames", name, &frames);
	qt_initial(&d, &p, &frames);
	qt_opaque(&d, QT_0RTT, &p, 50);
	qt_opaque(&d, QT_HANDSHAKE, &p, 50);
	save("header", name, &d);
	d.len = 0;
	p.token = "token";
	p.token_len = 5;
	qt_retry(&d, &p);
	out.len = 0;
	qt_put(&out, d.p, d.len);
	save("header", version == QT_V2 ? "retry-v2" : "retry", &out);
}

/* In the language of fuzz_flight.c: one packet with the frames as they are. */
static void flight(const char *name, uint8_t op, uint8_t what)
{
	out.len = 0;
	qt_put_u8(&out, op);
	qt_put_u8(&out, what);
	qt_put_u8(&out, 0x08); /* a DCID of 8 bytes from 1 on */
	qt_put_u16(&out, frames.len);
	qt_put(&out, frames.p, frames.len);
	save("flight", name, &out);
}

int main(int argc, char **argv)
{
	static const struct qt_chello plain = {.sni = "fs.example.com", .alpn = "h3,smb"};
	static const struct qt_chello big = {.sni = "a.example.com",
					     .alpn = "doq",
					     .size = 1700,
					     .ech = true,
					     .names_last = true};
	struct qt_buf *hello;

	if (argc != 2) {
		fprintf(stderr, "usage: mkseeds DIR\n");
		return 2;
	}
	dir = argv[1];
	qt_chello(&msg, &plain);
	headers_and_frames(QT_V1, "v1");
	headers_and_frames(QT_V2, "v2");
	cut_up(1);
	flight("one", 0x10, 0x00);
	cut_up(7);
	flight("shuffled", 0x20, 0x01);

	hello = calloc(1, sizeof(*hello));
	if (!hello)
		return 1;
	qt_put_u16(hello, 60);
	qt_put(hello, msg.p, msg.len);
	save("hello", "plain", hello);

	msg.len = hello->len = 0;
	qt_chello(&msg, &big);
	qt_put_u16(hello, 1200);
	qt_put(hello, msg.p, msg.len);
	save("hello", "big", hello);
	free(hello);

	/* Two datagrams, the second half first. */
	out.len = 0;
	for (int i = 1; i >= 0; i--) {
		frames.len = 0;
		qt_frame_crypto(&frames, 850 * i, msg.p + 850 * i, 850);
		qt_put_hex(&out, "100008");
		qt_put_u16(&out, frames.len);
		qt_put(&out, frames.p, frames.len);
	}
	save("flight", "two", &out);

	out.len = 0;
	for (int i = 0; i < 70; i++) {
		qt_put_u16(&out, i * 37 % 70 * 100);
		qt_put_u8(&out, 60 + i);
	}
	save("reasm", "scattered", &out);
	out.len = 0;
	qt_put_hex(&out, "3ff010 3ff011 400000 400001 0000ff4001 0000ff4000"); /* at the limit */
	save("reasm", "limit", &out);
	return 0;
}
