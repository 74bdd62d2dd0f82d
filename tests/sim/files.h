/*
 * Databases read from outside: the files of devices and server as any tool reads them, whatever
 * the engine believes.
 */
#ifndef TERN_TEST_SIM_FILES_H
#define TERN_TEST_SIM_FILES_H

#include "tests/sim/world.h"

/* What a query gives, rows separated by ';' and cells by ','; blobs in hexadecimal, `@` with a
 * letter a user's id. Eight static buffers in turn. */
const char *file_ask(const char *path, const char *sql);
/* The same however much it is; to be freed. */
char *file_rows(const char *path, const char *sql);
const char *server_ask(const struct world *world, const char *sql);

/* All rows of all tables but the library's own; with `own` those too; to be freed. */
char *file_dump(const char *path, bool own);
char *server_dump(const struct world *world, bool own);
/* The path of the server's database; static. */
const char *server_file(const struct world *world);

/* Whether the bytes of the database, its log included, hold the text. */
bool file_holds(const char *path, const char *text);
/* Bytes of the file; 0 without one. */
long file_size(const char *path);
/* Bytes of its WAL. */
long file_wal_size(const char *path);
/* Copies the file and its log as they stand: what a power cut leaves behind, or a thief takes. */
void file_copy(const char *from, const char *to);

/* Fails unless both texts are equal, showing the rows that one of them lacks. Frees both. */
void check_same_rows(char *actual, char *expected);

#endif
