/* SPDX-License-Identifier: MIT
 *
 * The file beside the database in which workers note what they begin.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/xalloc.h"
#include "state/dbstruct.h"

enum { SLOTS_MIN = 64 }; /* for so many there is room at once */

void db_fail_marks(struct db *db)
{
	sql_fail(&db->sql, xasprintf("'%s', which belongs to it, cannot be used: %s", db->marks_path, strerror(errno)));
}

void db_use_slot(struct db *db, unsigned slot)
{
	unsigned slots = db->marked_slots > 0 ? db->marked_slots : SLOTS_MIN;
	if (slot <= db->marked_slots || db->sql.error)
		return;
	while (slots < slot)
		slots *= 2;
	if (marks_reserve(db->fds[DB_MARKS], slots) < 0)
		db_fail_marks(db);
	db->marked_slots = slots;
}

static void replay(struct db *db)
{
	struct buf marks = {0};
	if (marks_read(db->fds[DB_MARKS], &marks) < 0)
		db_fail_marks(db);
	const struct mark *all = (const void *)buf_head(&marks);
	for (size_t i = 0; i < buf_len(&marks) / sizeof *all; i++)
		db_note_running(db, &all[i]);
	buf_clear(&marks);
	db_commit(db, true);
}

/* They are not needed any more once they are on record. */
void db_open_marks(struct db *db)
{
	struct stat st;
	if (db->sql.error)
		return;
	db->marks_path = xasprintf("%s-begun", db->claim.path);
	int fd = open(db->marks_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK, 0600);
	db->fds[DB_MARKS] = fd;
	if (fd < 0 || fstat(fd, &st) < 0)
		db_fail_marks(db);
	else if (!S_ISREG(st.st_mode))
		sql_fail(&db->sql, xasprintf("'%s', which belongs to it, is no regular file; remove it", db->marks_path));
	else if (fchmod(fd, 0600) < 0)
		db_fail_marks(db);
	if (db->sql.error)
		return;
	replay(db);
	if (!db->sql.error && ftruncate(fd, 0) < 0)
		db_fail_marks(db);
}

void db_close_marks(struct db *db)
{
	if (db->marks_path && !db->sql.error)
		unlink(db->marks_path);
	fdio_close(&db->fds[DB_MARKS]);
	free(db->marks_path);
}
