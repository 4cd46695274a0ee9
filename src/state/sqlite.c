/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "state/sqlite.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>

#define LIBRARY "libsqlite3.so.0" /* the only one there has been since 2004 */

struct sqlite sqlite;

const char *sqlite_load(void)
{
	if (sqlite.library)
		return NULL;
	void *library = dlopen(LIBRARY, RTLD_NOW);
	bool complete = library != NULL;
#define X(name) \
	*(void **)&sqlite.name = complete ? dlsym(library, "sqlite3_" #name) : NULL; \
	complete &= sqlite.name != NULL;
	SQLITE_FUNCTIONS(X)
#undef X
	if (!complete)
		return dlerror();
	sqlite.library = library;
	return NULL;
}
