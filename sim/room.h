/* Lists that grow by one item at a time. */
#ifndef TERN_SIM_ROOM_H
#define TERN_SIM_ROOM_H

#include <stddef.h>

/* The list of `count` items of `size` bytes, with room for one more; the process ends where memory
 * does. */
void *sim_room(void *list, size_t count, size_t *room, size_t size);

#endif
