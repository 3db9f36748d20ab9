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

/* Seed @i of a target: what is in @out, then @text. */
static void save_text(const char *target, unsigned int i, const char *text)
{
	char name[32];

	qt_put(&out, text, strlen(text));
	snprintf(name, sizeof(name), "%u", i);
	save(target, name, &out);
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

static const char listing[] =
	"table ip t { # handle 3\n\tset s {\n\t\ttypeof @ih,524288,128\n\t\telements = { 0x6833 "
	"comment "
	"\"a, }\",\n\t\t\t     0x646f71 timeout 5s }\n\t}\n\n\tmap m {\n\t\ttypeof ip saddr : "
	"@ih,528384,512\n\t\telements = { 10.0.0.1 : 0x61 }\n\t}\n\n\tchain c "
	"{\n\t\t@ih,524288,128 "
	"{ 0x6833,\n\t\t\t0x646f71 } drop\n\t\t@ih,532480,8 0 jump {\n\t\t\taccept\n\t\t}\n\t\tlog "
	"prefix \"} x\"\n\t}\n}\nadd element ip t s { 0x61 . 0x62 }\n# new generation 5\n";

/* Rules, in and out, and the same as JSON; the first byte is the way. */
static void nft_language(void)
{
	static const char *const lang[] = {
		"add rule inet quic pre udp dport 443 quic alpn \"smb\" redirect to :8443",
		"table t { map m { typeof quic sni : verdict; elements = { \"*.a\" timeout 1m : "
		"drop } } }",
		"define n = { \"smb\", \"h3\" }\nadd rule t c quic alpn != $n quic version v2",
		"add rule t c quic alpn . quic sni vmap { \"a\" . \"b\" : goto x } update @s { "
		"quic sni }",
		"add element t s { \"a\" . \"b\" comment \"c\" : 1 }\ndescribe quic alpn\nt c quic "
		"foo",
		"f:1:14-22: Error: x\nadd rule t c quic alpn \"a\"\n             ^^^^\n",
	};
	static const char *const back[] = {
		"table t {\n\tset s {\n\t\ttypeof @ih,528384,512\n\t\telements = { 0x61, 0x62-0x63 "
		"}\n\t}\n}\n",
		"t c @ih,524288,128 . @ih,536576,384 { 0x61 . 0x62 } @ih,8388608,32 != 1 "
		"@ih,540672,32 1",
	};
	static const char *const json[] = {
		"{\"match\":{\"op\":\"==\",\"left\":{\"quic\":{\"key\":\"alpn\"}},\"right\":{"
		"\"set\":[\"a\"]}}}",
		"{\"set\":{\"table\":\"t\",\"name\":\"s\",\"type\":{\"typeof\":{\"quic\":{\"key\":"
		"\"sni\"}}},\"elem\":[\"a\"]}}",
		"{\"vmap\":{\"key\":{\"payload\":{\"base\":\"ih\",\"offset\":528384,\"len\":512}},"
		"\"data\":{\"set\":[[\"0x61\",1]]}}}",
		"{\"element\":{\"table\":\"t\",\"name\":\"s\",\"elem\":[{\"elem\":{\"val\":\"a\","
		"\"timeout\":1}}]}}",
	};

	for (unsigned int i = 0; i < 16; i++) {
		bool in = i < 6, out_text = i >= 6 && i < 8;
		unsigned int n = i < 8 ? 0 : (i - 8) % 4;
		const char *s = in ? lang[i] : out_text ? back[i - 6] : json[n];

		out.len = 0;
		qt_put_u8(&out, in ? 2 : out_text ? 3 : i < 12 ? 4 : 1);
		save_text(i < 8 ? "nftlang" : "nftjson", i, s);
	}
	/* a listing, with all its blocks; a byte more says where it is cut */
	for (unsigned int cut = 0; cut < 4; cut++) {
		out.len = 0;
		qt_put_u8(&out, cut);
		qt_put_u8(&out, cut);
		save_text("nftpieces", cut, listing);
	}
}

/* A size, then a value or fields. */
static void http_values(void)
{
	static const char *const text[] = {
		"/a%20b/.well-known/x?q=/../",
		"/%2e%2e/a%2fb",
		"bytes=2-",
		"bytes=-3",
		"Sun, 06 Nov 1994 08:49:37 GMT",
		"Sunday, 06-Nov-94 08:49:37 GMT",
		"Sun Nov  6 08:49:37 1994",
		"W/\"x\", \"a\"",
		"Connection:close, X-Mine \nX-Mine:1\nTrailer:a\nX_Forwarded-For:b\nte:trailers",
	};

	for (unsigned int i = 0; i < sizeof(text) / sizeof(text[0]); i++) {
		out.len = 0;
		qt_put_u8(&out, 60);
		save_text("httpval", i, text[i]);
	}
}

static void http_answers(void)
{
	static const char *const text[] = {
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhiHTTP/1.1 204 No Content\r\n\r\n",
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 200 OK\r\nConnection: keep-alive\r\n"
		"Content-Length: 1\r\n\r\nx",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: "
		"a\r\n\r\n3;x=y\r\nabc\r\n"
		"0\r\na: b \r\n\r\n",
		"HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\nX:\t\r\n\r\n",
		"HTTP/1.1 200 OK\r\n\r\nto the end",
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
	};

	for (unsigned int i = 0; i < sizeof(text) / sizeof(text[0]); i++) {
		out.len = 0;
		qt_put_u8(&out, i & 1);
		qt_put_u8(&out, i & 2 ? 1 : 0);
		save_text("upparse", i, text[i]);
	}
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

	for (int damage = 0; damage < 2; damage++) {
		out.len = 0;
		qt_put_u16(&out, damage);
		qt_put(&out, msg.p, msg.len);
		save("gcm", damage ? "forged" : "good", &out);
	}

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
	nft_language();
	http_values();
	http_answers();
	return 0;
}
