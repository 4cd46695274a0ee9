/* SPDX-License-Identifier: MIT */
#ifndef BASE_ARRAY_H
#define BASE_ARRAY_H

/* How many elements an array has; not for pointers. */
#define ARRAY_LEN(a) (sizeof(a) / sizeof *(a))

#endif
