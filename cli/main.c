/* SPDX-License-Identifier: Apache-2.0 */
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/remote.h"

#define SUBJECT_VERBS(area, create_args)                                                                              \
	{ area, "create", create_args, "make one", cmd_create, "object.create" },                                     \
	{ area, "list", "", "list them", cmd_list, "object.list" },                                                   \
	{ area, "show", "NAME", "show one", cmd_named, "object.show" },                                               \
	{ area, "set", "NAME ATTR=V|ATTR+=V|ATTR-=V…", "change attributes", cmd_set, "object.set" },                  \
	{ area, "delete", "NAME", "delete one, for ever", cmd_named, "object.delete" }
#define PRINCIPAL_VERBS(area)                                                                                         \
	{ area, "passwd", "NAME --password-file F [--old-password-file F]", "set the password", cmd_passwd, "object.passwd" }, \
	{ area, "disable", "NAME [--revoke [--reason R]]", "stop every protocol for it; and revoke its certificates", cmd_disable, "object.disable" }, \
	{ area, "enable", "NAME", "undo disable", cmd_named, "object.enable" },                                       \
	{ area, "unlock", "NAME", "forget its failed guesses", cmd_named, "object.unlock" }
#define UNBUILT(area, verb)                                                                                           \
	{ area, verb, "", NULL, cmd_unbuilt, NULL }

const struct command commands[] = {
	{ "init", NULL, "--domain NAME --admin-password-file F [--admin NAME] [--hostname NAME] [--listen ADDR] [--port-offset N]",
		"make the installation and its first tenant", cmd_init, NULL },
	{ "status", NULL, "[--wait SECONDS]", "is every service ready?", cmd_status, "status" },
	{ "tenant", "create", "NAME --admin-password-file F [--admin NAME]", "make a tenant", cmd_tenant_create, "tenant.create" },
	{ "tenant", "list", "", "list the tenants", cmd_list, "tenant.list" },
	{ "tenant", "show", "NAME", "show one", cmd_named, "tenant.show" },
	{ "tenant", "disable", "NAME", "shut a tenant", cmd_named, "tenant.disable" },
	{ "tenant", "enable", "NAME", "undo disable", cmd_named, "tenant.enable" },
	{ "tenant", "delete", "NAME", "delete a tenant with all that is in it; its name is free when the last of it is gone", cmd_named, "tenant.delete" },
	SUBJECT_VERBS("user", "NAME [--given-name N] [--surname N] [--mail A] [--posix [--uid-number N --gid-number N --home DIR --shell FILE]] [--password-file F]"),
	PRINCIPAL_VERBS("user"),
	SUBJECT_VERBS("group", "NAME [--description TEXT]"),
	{ "group", "add", "GROUP MEMBER…", "add members", cmd_members, "group.add" },
	{ "group", "remove", "GROUP MEMBER…", "remove members", cmd_members, "group.remove" },
	SUBJECT_VERBS("service", "NAME [--description TEXT] [--password-file F]"),
	PRINCIPAL_VERBS("service"),
	SUBJECT_VERBS("host", "NAME [--description TEXT] [--password-file F]"),
	PRINCIPAL_VERBS("host"),
	{ "grant", "create", "'TEXT' [--name NAME]", "make a grant", cmd_grant_create, "object.create" },
	{ "grant", "defaults", "[NAME…]", "add the roles helpdesk, certificate-officers and application-owners, and what else of the defaults is missing", cmd_grant_defaults,
		"grant.defaults" },
	{ "grant", "list", "", "list them", cmd_list, "object.list" },
	{ "grant", "show", "NAME", "show one", cmd_named, "object.show" },
	{ "grant", "delete", "NAME", "delete one", cmd_named, "object.delete" },
	SUBJECT_VERBS("trust", "PARTNER [--group GROUP]… [--description TEXT]"),
	{ "policy", "list", "", "list them", cmd_list, "object.list" },
	{ "policy", "show", "NAME", "show one", cmd_named, "object.show" },
	{ "policy", "set", "NAME ATTR=V…", "change one", cmd_set, "object.set" },
	{ "rp", "create", "[NAME] --metadata F | [NAME] --entity-id URI [--acs-url URL…] [--name-id-format URI] [--description TEXT]",
		"register a SAML or WS-Trust relying party", cmd_rp_create, "object.create" },
	{ "rp", "list", "", "list them", cmd_list, "object.list" },
	{ "rp", "show", "NAME", "show one", cmd_named, "object.show" },
	{ "rp", "set", "NAME [--metadata F] ATTR=V|ATTR+=V|ATTR-=V…", "change one, or all that its metadata says", cmd_rp_set, "object.set" },
	{ "rp", "delete", "NAME", "delete one, for ever", cmd_named, "object.delete" },
	{ "explain", NULL, "WHO VERB WHAT [ATTRIBUTE]", "would it be permitted, and which rule decides? exit 0 yes, 1 no", cmd_explain, "explain" },
	{ "cert", "issue", "--csr FILE [--profile P] [--subject KIND:NAME] [--out FILE]", "a certificate, by a request (PEM or DER)", cmd_cert_issue,
		"cert.issue" },
	{ "cert", "list", "", "list them", cmd_list, "object.list" },
	{ "cert", "show", "SERIAL [--out FILE]", "show one", cmd_cert_show, "cert.show" },
	{ "cert", "revoke", "SERIAL [--reason R]", "revoke one, for ever", cmd_cert_revoke, "cert.revoke" },
	{ "ca", "show", "[--root|--installation] [--out FILE]", "the certificates of the tenant's CA and of those above it, but not the root's",
		cmd_ca_show, "ca.show" },
	{ "ca", "crl", "[--root|--installation] [--out FILE]", "the list of what the CA has revoked", cmd_ca_show, "ca.crl" },
	{ "ca", "rotate", "[--algorithm p256|p384|rsa2048|rsa3072] [--now]", "a new key for the tenant's CA", cmd_ca_rotate, "key.rotate" },
	{ "ca", "renew", "", "the installation CA's certificate anew, for the same key, before it is due", cmd_list, "ca.renew" },
	{ "ca", "root", "export|import FILE", "take the root's key away to FILE, or bring it back", cmd_ca_root, NULL },
	{ "check", NULL, "[--replay]", "verify every table of the store against the others; and the change log against the tables", cmd_check, NULL },
	{ "schema", "list", "", "attribute types and object classes", cmd_schema, NULL },
	{ "schema", "show", "NAME", "one definition", cmd_schema, NULL },
	{ "login", NULL, "[--server URL [--fingerprint SHA256]] [--user NAME [--password-file F]]",
		"log in for the commands that follow; without --user with the Kerberos ticket", cmd_login, NULL },
	{ "logout", NULL, "[--server URL]", "forget the login", cmd_logout, NULL },
	{ "whoami", NULL, "", "who am I to lwd?", cmd_list, "whoami" },
	{ "keytab", "get", "NAME --out FILE [--rotate]", "add a service's or host's keys to a keytab; new ones with --rotate", cmd_keytab_get,
		"keytab.get" },
	{ "key", "list", "", "the tenant's own keys", cmd_list, "key.list" },
	{ "key", "rotate", "KIND [--algorithm p256|p384|rsa2048|rsa3072] [--now]", "new keys of a kind (kerberos, ca, saml, jwt; the installation's master, tls); the old ones stay good for what was issued under them", cmd_key_rotate,
		"key.rotate" },
	{ "token", "issue", "--type saml2|jwt [--audience URI] [--subject NAME] [--algorithm A] [--life 10m] [--out FILE]", "a token about somebody",
		cmd_token_issue, "token.issue" },
	{ "audit", "tail", "[-n N] [-f]", "the last records of the audit; with -f go on", cmd_audit_tail, "audit.tail" },
	{ "audit", "verify", "", "is every record there as it was written?", cmd_audit_verify, "audit.verify" },
	{ "print", NULL, "krb5.conf|ldap.conf|env", "configuration for stock clients", cmd_print, NULL },
	UNBUILT("cert", "eab"), UNBUILT("ca", "trust"),
	UNBUILT("client", NULL),
	UNBUILT("schema", "import"), UNBUILT("ldif", NULL), UNBUILT("backup", NULL), UNBUILT("restore", NULL), UNBUILT("join", NULL), UNBUILT("leave", NULL),
	{ NULL, NULL, NULL, NULL, NULL, NULL },
};

int fail(struct lwctl *c, int status, const char *code, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (c->quiet)
		return status;
	if (c->format == OUT_JSON) {
		fprintf(stderr, "{\"error\":{\"code\":\"%s\",\"message\":\"", code);
		for (const char *p = text; *p; p++)
			if (*p == '"' || *p == '\\')
				fprintf(stderr, "\\%c", *p);
			else if ((unsigned char)*p < 32)
				fprintf(stderr, "\\u%04x", (unsigned)*p);
			else
				fputc(*p, stderr);
		fputs("\"}}\n", stderr);
	} else {
		fprintf(stderr, "lwctl: %s\n", text);
	}
	return status;
}

int usage(struct lwctl *c, const struct command *cmd)
{
	return fail(c, EX_USAGE_, "usage", "usage: lwctl [options] %s%s%s %s", cmd->area, cmd->verb ? " " : "", cmd->verb ? cmd->verb : "",
		cmd->args);
}

int cmd_unbuilt(struct lwctl *c, const struct command *cmd)
{
	return fail(c, EX_CONF, "unsupported", "%s%s%s is not built yet", cmd->area, cmd->verb ? " " : "", cmd->verb ? cmd->verb : "");
}

static void help(void)
{
	puts("usage: lwctl [--data DIR | --server URL] [-t TENANT] [-o table|json|name] COMMAND …\n");
	for (const struct command *k = commands; k->area; k++)
		if (k->help)
			printf("  %s%s%s %s\n        %s\n", k->area, k->verb ? " " : "", k->verb ? k->verb : "", k->args, k->help);
	puts("\nA FILE of - is standard input. LWD_DATA, LWD_SERVER and LWD_TENANT stand in for --data, --server and -t.");
}

static const struct command *find(int argc, char **argv, int *ret_used)
{
	for (const struct command *k = commands; k->area; k++) {
		if (strcmp(k->area, argv[0]))
			continue;
		if (!k->verb) {
			*ret_used = 1;
			return k;
		}
		if (argc > 1 && !strcmp(k->verb, argv[1])) {
			*ret_used = 2;
			return k;
		}
	}
	return NULL;
}

static int parse_globals(struct lwctl *c, int argc, char **argv)
{
	static const struct option longs[] = { { "data", 1, 0, 'd' }, { "tenant", 1, 0, 't' }, { "output", 1, 0, 'o' }, { "help", 0, 0, 'h' },
		{ "version", 0, 0, 'V' }, { "server", 1, 0, 's' }, { 0 } };
	int opt;

	while ((opt = getopt_long(argc, argv, "+d:t:o:h", longs, NULL)) != -1)
		switch (opt) {
		case 'd': c->data = optarg; break;
		case 't': c->tenant = optarg; break;
		case 'o':
			if (strcmp(optarg, "table") && strcmp(optarg, "json") && strcmp(optarg, "name"))
				return fail(c, EX_USAGE_, "usage", "-o takes table, json or name");
			c->format = optarg[0] == 'j' ? OUT_JSON : optarg[0] == 'n' ? OUT_NAME : OUT_TABLE;
			break;
		case 'h': help(); exit(0);
		case 'V': puts(PACKAGE_STRING); exit(0);
		case 's': c->server = optarg; break;
		default: return EX_USAGE_;
		}
	return 0;
}

/* --data and --server are both the last word. Where neither is given: LWD_DATA, but for those who have logged in at LWD_SERVER; LWD_SERVER
 * alone; the server of the last login; /var/lib/lwd. */
static int choose(struct lwctl *c, const char *data, const char *server)
{
	const char *env_data = getenv("LWD_DATA"), *env_server = getenv("LWD_SERVER"), *said = server;

	if (data && server)
		return fail(c, EX_USAGE_, "usage", "--data and --server exclude each other");
	c->data = data ? data : env_data && *env_data ? env_data : "/var/lib/lwd";
	c->server_for = SERVER_ALL;
	if (!data && !said && env_server && *env_server) {
		said = env_server;
		if (env_data && *env_data)
			c->server_for = SERVER_LOGGED_IN;
	}
	if (!data && !said && (!env_data || !*env_data) && (said = (const char *)state_read(c, NULL, "current").p) != NULL)
		c->server_for = SERVER_OFFERED;
	c->server = said ? state_server(c, said) : NULL;
	return said && !c->server ? fail(c, EX_USAGE_, "usage", "%s is not https://HOST[:PORT]", said) : 0;
}

int main(int argc, char **argv)
{
	struct lwctl c = { .tenant = getenv("LWD_TENANT") };
	const struct command *cmd;
	int status, used;

	if ((status = parse_globals(&c, argc, argv)) != 0)
		return status;
	argc -= optind;
	argv += optind;
	if (argc < 1) {
		help();
		return EX_USAGE_;
	}
	if (!(cmd = find(argc, argv, &used)))
		return fail(&c, EX_USAGE_, "usage", "there is no command '%s%s%s'; see lwctl --help", argv[0], argc > 1 ? " " : "",
			argc > 1 ? argv[1] : "");
	c.argc = argc - used;
	c.argv = argv + used;
	c.arena = lw_arena_new(256u << 20, true);
	if (!c.arena)
		return fail(&c, EX_FAILED, "failed", "out of memory");
	for (int i = 0; i < c.argc; i++)
		if (!strcmp(c.argv[i], "--help") && cmd->help) {
			printf("usage: lwctl [options] %s%s%s %s\n%s\n", cmd->area, cmd->verb ? " " : "", cmd->verb ? cmd->verb : "", cmd->args,
				cmd->help);
			return 0;
		}
	/* -o, -t, --data and --server may follow the command too */
	for (int i = 0; i < c.argc; i++) {
		const char *v = c.argv[i];
		if (strcmp(v, "-o") && strcmp(v, "-t") && strcmp(v, "--data") && strcmp(v, "--server"))
			continue;
		if (i + 1 >= c.argc)
			return usage(&c, cmd);
		if (v[1] == 'o')
			c.format = c.argv[i + 1][0] == 'j' ? OUT_JSON : c.argv[i + 1][0] == 'n' ? OUT_NAME : OUT_TABLE;
		else if (v[1] == 't')
			c.tenant = c.argv[i + 1];
		else if (v[2] == 's')
			c.server = c.argv[i + 1];
		else
			c.data = c.argv[i + 1];
		memmove(&c.argv[i], &c.argv[i + 2], (size_t)(c.argc - i - 2) * sizeof(*c.argv));
		c.argc -= 2;
		i--;
	}
	status = choose(&c, c.data, c.server);
	if (!status)
		status = cmd->run(&c, cmd);
	if (fflush(stdout) != 0 && !status)
		status = fail(&c, EX_FAILED, "failed", "cannot write the output");
	lw_arena_free(c.arena);
	return status;
}
