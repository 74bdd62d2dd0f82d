/* Pictures of histories: drawn by sim/picture.py, in a process of its own. */
#ifndef TERN_SIM_PICTURE_H
#define TERN_SIM_PICTURE_H

#include <stdbool.h>
#include <stddef.h>

/* Draws the history in the file `path` ("x.json") as a page beside it ("x.html"), whose name goes
 * to `ret_page`. False where that cannot be done. */
bool sim_picture_draw(const char *path, char *ret_page, size_t room);

#endif
