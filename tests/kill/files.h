/* The folders of a run. */
#ifndef TERN_KILL_FILES_H
#define TERN_KILL_FILES_H

#include <stddef.h>

/* Removes a folder and all in it. */
void files_remove(const char *folder);
/* The whole of a file, with a NUL behind it; freed with free. */
char *files_read(const char *path, size_t *ret_size);

#endif
