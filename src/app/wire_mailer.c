#include "app/wire.h"
#include "drivers/mail_maildir.h"

int wire_mailer(struct house *h, struct err *e)
{
	return mail_maildir_open(h->cfg->mail_maildir, &h->svc.mailer, e);
}
