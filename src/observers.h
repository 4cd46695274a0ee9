/* SPDX-License-Identifier: MIT
 *
 * observers: who hears what happens in the pool: what the options want of src/observe, and whoever is added to that.
 *
 * Life cycle: observers_open before the pool; observers_close after it.
 */
#ifndef OBSERVERS_H
#define OBSERVERS_H

#include "setup.h"

/* Dies (125) of what cannot be had. */
void observers_open(struct run *r);

/* They hear of an event in the order in which they were added. */
void observers_add(struct run *r, struct observer *observer);

/* They let go of all tasks that they hold. */
void observers_close(struct run *r);

#endif
