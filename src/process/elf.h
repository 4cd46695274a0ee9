/* SPDX-License-Identifier: MIT
 *
 * elf: what the system and the loader would make of an ELF file. Reads through an fd, since a file may be cut short
 * meanwhile, and believes no offset and no number in it. Source: elf(5).
 */
#ifndef PROCESS_ELF_H
#define PROCESS_ELF_H

/* NULL if a library that is preloaded can take the place of __libc_start_main in this program: it is of the machine
 * and the loader of this process, and calls that function in another object. Else why not, as a static text. `fd`
 * is borrowed. */
const char *elf_check(int fd);

#endif
