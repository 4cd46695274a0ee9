/* SPDX-License-Identifier: MIT
 *
 * sound: may copies of this process, made right before its main, stand for the program started anew? Not if what its
 * constructors have done would not be the same in a copy, or would be shared by all of them.
 */
#ifndef PRELOAD_SOUND_H
#define PRELOAD_SOUND_H

#include "preload/wire.h"

/* Before any constructor: what there is already. `channel` is an fd of our own. */
void sound_begin(int channel, char **argv, char **envp);

/* One of them has asked to be told of forks. */
void sound_note_atfork(void);

/* Behind them all. */
enum preload_check sound_check(void);

#endif
