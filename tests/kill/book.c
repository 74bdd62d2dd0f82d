/* Plans and their outcome, from dice thrown for each transaction anew. */
#include "tests/kill/book.h"

#include <stdlib.h>
#include <string.h>

#include "sim/dice.h"
#include "tests/kill/kill.h"

enum { PARTS_FEW = 4, PARTS_MANY = 60, ROOM_FIRST = 256 };

void book_open(struct book *book, uint64_t seed, uint32_t author)
{
    *book = (struct book){.seed = seed, .author = author, .room = ROOM_FIRST};
    book->groups = calloc(book->room, sizeof *book->groups);
    kill_need(book->groups != NULL, "memory");
}

void book_close(struct book *book)
{
    free(book->groups);
    *book = (struct book){0};
}

static struct sim_dice dice_of(const struct book *book, uint64_t what)
{
    struct sim_dice mixer = sim_dice_make(book->seed + book->author * UINT64_C(1000003));

    return sim_dice_make(sim_dice_next(&mixer) ^ what);
}

struct book_tx book_next(const struct book *book)
{
    uint32_t number = book->count + 1;
    struct sim_dice dice = dice_of(book, number);
    unsigned roll = sim_roll(&dice, 100);
    uint32_t group = 1 + sim_roll(&dice, number);
    struct book_tx tx = {.kind = BOOK_INSERT, .number = number, .group = number};

    if (roll < 45 && group < number && book->groups[group].parts > 0 &&
        !book->groups[group].deleted) {
        tx.kind = roll < 30 ? BOOK_UPDATE : BOOK_DELETE;
        tx.group = group;
        tx.parts = book->groups[group].parts;
        return tx;
    }
    tx.parts = roll < 97 ? 1 + sim_roll(&dice, PARTS_FEW) : PARTS_MANY;
    return tx;
}

static void grow(struct book *book, uint32_t count)
{
    while (book->room <= count) {
        book->groups = realloc(book->groups, 2 * book->room * sizeof *book->groups);
        kill_need(book->groups != NULL, "memory");
        memset(book->groups + book->room, 0, book->room * sizeof *book->groups);
        book->room *= 2;
    }
}

void book_turn(struct book *book, uint32_t count)
{
    grow(book, count);
    while (book->count < count) {
        struct book_tx tx = book_next(book);
        struct book_group *group = &book->groups[tx.group];

        group->parts = tx.parts;
        group->value = tx.kind == BOOK_DELETE ? group->value : tx.number;
        group->deleted = tx.kind == BOOK_DELETE;
        book->count++;
    }
}

void book_text(const struct book *book,
               uint32_t group,
               uint32_t part,
               uint32_t value,
               char text[BOOK_TEXT_BYTES])
{
    struct sim_dice dice = dice_of(book, ((uint64_t)value << 32 | group) * 64 + part);
    unsigned size = sim_chance(&dice, 90) ? sim_roll(&dice, 60) : sim_roll(&dice, 900);

    for (unsigned i = 0; i < size; i++) {
        text[i] = (char)('a' + sim_roll(&dice, 26));
    }
    text[size] = '\0';
}
