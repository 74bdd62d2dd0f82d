/* Removing and reading. */
#define _XOPEN_SOURCE 700 /* nftw */
#include "tests/kill/files.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/kill/kill.h"

static int remove_one(const char *path, const struct stat *state, int type, struct FTW *at)
{
    (void)state;
    (void)type;
    (void)at;
    return remove(path);
}

void files_remove(const char *folder)
{
    (void)nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

char *files_read(const char *path, size_t *ret_size)
{
    FILE *file = fopen(path, "rb");
    char *text;
    long size;

    kill_need(file != NULL && fseek(file, 0, SEEK_END) == 0, path);
    size = ftell(file);
    kill_need(size >= 0 && fseek(file, 0, SEEK_SET) == 0, path);
    text = malloc((size_t)size + 1);
    kill_need(text != NULL && fread(text, 1, (size_t)size, file) == (size_t)size, path);
    text[size] = '\0';
    (void)fclose(file);
    *ret_size = (size_t)size;
    return text;
}
