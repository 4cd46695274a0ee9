/* SPDX-License-Identifier: MIT
 *
 * hash: tables of structs by a key (uthash), whose memory comes from xalloc.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "base/xalloc.h"

#define uthash_malloc(size) xmalloc(size)
#include <uthash.h>

#endif
