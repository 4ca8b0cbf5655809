#include "support/testing.h"

#include <sys/stat.h>

#include "base/fsx.h"
#include "core/ssh_key.h"

/* The outside of private keys; what would be secret in them is made of one byte. */

#define BEGIN "-----BEGIN OPENSSH PRIVATE KEY-----\n"
#define END   "\n-----END OPENSSH PRIVATE KEY-----\n"
static const char ed25519[] = BEGIN "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW\n"
				    "QyNTUxOQAAACABAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQAAADwCAgICAgIC\n"
				    "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg\n"
				    "I=" END;
static const char locked[] = BEGIN "b3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHIAAAAGYmNyeXB0AAAAGHh4eHh4eHh4eH\n"
				   "h4eHh4eHh4eHh4eHh4eAAAAAEAAAAzAAAAC3NzaC1lZDI1NTE5AAAAIAEBAQEBAQEBAQEB\n"
				   "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAAAAPAICAgICAgICAgICAgICAgICAgICAgICAgICAg\n"
				   "ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg==" END;
static const char rsa[] = BEGIN "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAALwAAAAdzc2gtcn\n"
				"NhAAAAIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAAAAPAICAgICAgICAgIC\n"
				"AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg==" END;
static const char ecdsa[] = BEGIN "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAOwAAABNlY2RzYS\n"
				  "1zaGEyLW5pc3RwMjU2AAAAIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAAAA\n"
				  "PAICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg\n"
				  "ICAgICAgICAg==" END;

static void kinds(void **state)
{
	static const struct {
		const char *text;
		mode_t mode;
		const char *problem; /* "": none */
	} rows[] = {
		{ ed25519, 0600, "" },
		{ ed25519, 0400, "" },
		{ ed25519, 0640, "mode" },
		{ locked, 0600, "passphrase" },
		{ rsa, 0600, "ed25519" },
		{ ecdsa, 0600, "ed25519" },
		{ BEGIN "b3BlbnNzaC1rZXktdjEA" END, 0600, "damaged" },
		{ BEGIN "AAAA" END, 0600, "damaged" },
		{ BEGIN, 0600, "damaged" },
		{ "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n", 0600, "ed25519" },
		{ "-----BEGIN EC PRIVATE KEY-----\nMIIE\n", 0600, "ed25519" },
		{ "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n", 0600, "passphrase" },
		{ "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIE\n", 0600, "passphrase" },
		{ "-----BEGIN PRIVATE KEY-----\nMC4C\n", 0600, "" },
		{ "ssh-ed25519 AAAAC3Nz gaitd\n", 0600, "no private key" },
		{ "", 0600, "first line" },
	};
	char dir[TEST_DIR_BYTES], path[TEST_DIR_BYTES + 8];

	(void)state;
	test_dir(dir);
	snprintf(path, sizeof path, "%s/id", dir);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err e = { 0 };
		assert_ok(fsx_replace(path, rows[i].text, strlen(rows[i].text), rows[i].mode, &e), &e);
		assert_int_equal(chmod(path, rows[i].mode), 0);
		if (!rows[i].problem[0]) {
			assert_ok(ssh_key_check(path, &e), &e);
			continue;
		}
		assert_fails(ssh_key_check(path, &e), &e, ERR_CONFIG);
		assert_has(e.msg, rows[i].problem);
		assert_has(e.msg, path);
	}
	struct err e = { 0 };
	(void)unlink(path);
	assert_fails(ssh_key_check(path, &e), &e, ERR_CONFIG);
	test_dir_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(kinds) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
