#include "drivers/blob_libs3.h"

/* In place of the driver where libs3 was not there to build it. */
int blob_libs3_open(const struct blob_libs3_options *o, struct blob **ret, struct err *e)
{
	(void)o, (void)ret;
	return err_set(e, ERR_CONFIG,
		"blob.driver: this gaitd was built without libs3: install libs3-dev and build again, or use "
		"s3");
}
