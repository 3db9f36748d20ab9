/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The checks of `nft-quic doctor`. None writes anything. */
#ifndef NA_DOCTOR_H
#define NA_DOCTOR_H

#include "host.h"

enum na_level { NA_GOOD, NA_NOTE, NA_WARN, NA_FAULT };

struct na_found {
	enum na_level level; /* the worst of them */
	json_t *list;	     /* [{level, text}] */
	const char *remedy;  /* in place of the check's own, or NULL */
};

/** na_found_add() - something that a check has found, told once; @fmt as for printf() */
void na_found_add(struct na_found *f, enum na_level level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* X(name, function, what it checks, remedy) */
/* clang-format off */
#define NA_CHECKS(X)									\
	X("module", module, "the module is loaded, or can be, in the version of this program", \
	  "`dkms status`, then `modprobe nft_quic`; after an upgrade unload the old one or boot") \
	X("secure-boot", secure_boot, "this kernel takes the module's signature",		\
	  "enrol the key of DKMS: docs/admin.md, Secure Boot")					\
	X("kernels", kernels, "each installed kernel has the module, or headers to build it",	\
	  "apt install linux-headers-KERNEL; `dkms autoinstall -k KERNEL`")			\
	X("facade", facade, "programs get this version of the libnftables with quic",		\
	  "`ldconfig`; remove what sorts before 00-nft-quic.conf; install one version")		\
	X("other-nft", other_nft, "no nft, python module or running program hides quic",		\
	  "remove the other nft; restart programs that began before the installation")		\
	X("rules", rules, "the rules of this network namespace can be read",			\
	  "run it as root; `nft -j list ruleset` says more")					\
	X("services", services, "somebody listens behind each local target",			\
	  "start the service, or correct the port in the rule or map")				\
	X("input", input, "input chains let clients through to each local target",		\
	  "accept the private port in the input chain: `udp dport PORT accept`")		\
	X("never", never, "no rule or name with quic is there in vain",				\
	  "move the rule up, correct the name, or delete it")					\
	X("deny", deny, "rules that deny by name stand where they see every connection",	\
	  "deny in a filter chain in prerouting at raw or mangle: docs/blocking.md")		\
	X("others", others, "a host that forwards takes no connections to other hosts",		\
	  "`fib daddr type != local accept` as the chain's first rule")				\
	X("redirect", redirect, "no redirect has lost, or will lose, its port to `nft -o`", \
	  "load the file without -o: docs/admin.md, When something is wrong")			\
	X("local", local, "clients on this host itself are redirected, too",			\
	  "if there are any, add a nat chain in output with the same rules")			\
	X("limits", limits, "no limit of the module is reached",				\
	  "raise the sysctl in /proc/sys/net/netfilter/nft_quic, or see who floods")		\
	X("too-early", too_early, "no rule is reached before names are known",			\
	  "reach the chain from prerouting or output behind -399 only")				\
	X("strayed", strayed, "the module reads what rules ask for, and no more",		\
	  "write `udp dport` into the rule that has the name: kmod/README.md")			\
	X("reboot", reboot, "a reboot brings back the rules with quic and their elements",	\
	  "save them: docs/admin.md, Rules that survive a reboot")				\
	X("sysctl", sysctl, "limits in /etc/sysctl.d can be set at boot",			\
	  "put nft_quic into /etc/modules-load.d, or use `options nft_quic` in /etc/modprobe.d") \
	X("certificates", certificates, "quicd's certificates are valid for two weeks or more",	\
	  "renew, then `systemctl reload quicd@NAME`")						\
	X("conntrack", conntrack, "conntrack remembers for longer than quicd's idle-timeout",	\
	  "raise net.netfilter.nf_conntrack_udp_timeout_stream, or lower idle-timeout")		\
	X("server-ids", server_ids, "rules know the server IDs of quicd's services, and no others", \
	  "name the ID in the rule by `quic server-id`, or correct server-id: docs/moving.md")	\
	X("rp-filter", rp_filter, "strict rp_filter drops nothing on a host with several uplinks", \
	  "sysctl net.ipv4.conf.DEVICE.rp_filter=2")						\
	X("buffers", buffers, "services take datagrams as fast as they come",			\
	  "raise net.core.rmem_max and receive-buffer in quicd.conf(5)")
/* clang-format on */

#define X(name, fn, what, remedy) void na_check_##fn(const struct na_host *h, struct na_found *f);
NA_CHECKS(X)
#undef X

/** na_has_rules() - can the rules be read; else a note in @f that they are not checked */
bool na_has_rules(const struct na_host *h, struct na_found *f);

/**
 * na_keys_have() - whether a key of @signer is in @keys, the text of /proc/keys
 *
 * True if there is no key of a certificate at all: then they cannot be seen.
 */
bool na_keys_have(const char *keys, const char *signer);

/** na_module_file() - the module's file for a kernel, NULL if it has none; the caller frees it */
char *na_module_file(const char *release);

/**
 * na_library_path() - the path in a program's text of a libnftables that does not know quic
 *
 * NULL if it has none, as where the library has its bare name: then the cache decides. The caller
 * frees it.
 */
char *na_library_path(const char *text);

/** na_any_has() - has any file of a pattern a line with @word that is no comment */
bool na_any_has(const char *pattern, const char *word);

/** na_id_text() - a server ID as hex digits, as nft's JSON has it; NULL if it is no ID */
char *na_id_text(const json_t *value);

/** na_id_shown() - the same from a name of a way; NULL of a range, a prefix or the like */
char *na_id_shown(const char *text);

#endif
