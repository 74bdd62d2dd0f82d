#include "sim/room.h"

#include <stdlib.h>

enum { ROOM_MIN = 64 };

void *sim_room(void *list, size_t count, size_t *room, size_t size)
{
    if (count < *room) {
        return list;
    }
    *room = *room * 2 + ROOM_MIN;
    list = realloc(list, *room * size);
    if (list == NULL) {
        abort();
    }
    return list;
}
