/*
 * What a device writes, transaction by transaction, and what its rows must be after each: both
 * follow from the seed alone, so that whoever restarts knows what is owed.
 *
 * Each transaction changes a whole group of rows: it inserts one, gives one another value, or
 * deletes one. The value of a group is the number of the transaction that wrote it last, and the
 * rows' texts follow from that.
 */
#ifndef TERN_KILL_BOOK_H
#define TERN_KILL_BOOK_H

#include <stdbool.h>
#include <stdint.h>

enum { BOOK_TEXT_BYTES = 1024 };

enum book_kind { BOOK_INSERT, BOOK_UPDATE, BOOK_DELETE };

struct book_tx {
    enum book_kind kind;
    uint32_t number;
    uint32_t group; /* the number of the transaction that inserted it */
    uint32_t parts; /* rows of the group */
};

struct book_group {
    uint32_t parts; /* 0: no group, the transaction inserted none */
    uint32_t value;
    bool deleted;
};

struct book {
    uint64_t seed;
    uint32_t author;
    uint32_t count; /* transactions so far */
    uint32_t room;
    struct book_group *groups; /* by number, from 1 */
};

void book_open(struct book *book, uint64_t seed, uint32_t author);
void book_close(struct book *book);
/* What the transaction after the last one is to do. */
struct book_tx book_next(const struct book *book);
/* Enters transactions until there are `count`. */
void book_turn(struct book *book, uint32_t count);
/* The text of a row whose group has the value. */
void book_text(const struct book *book,
               uint32_t group,
               uint32_t part,
               uint32_t value,
               char text[BOOK_TEXT_BYTES]);

#endif
