/* The book: what people did, and in which order as far as that is known. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/uuid.h"
#include "sim/care_call.h"
#include "sim/look.h"
#include "sim/room.h"

#define CLOCK_US INT64_C(60000000)

struct sim_book *care_book(struct sim_world *world)
{
    if (world->book == NULL) {
        world->book = calloc(1, sizeof *world->book);
        if (world->book == NULL) {
            abort();
        }
    }
    return world->book;
}

void care_book_add(struct sim_world *world, const struct care_act *act)
{
    struct sim_book *book = care_book(world);

    book->acts = sim_room(book->acts, book->act_count, &book->act_room, sizeof *book->acts);
    book->acts[book->act_count++] = *act;
}

static bool has_kept(const struct sim_book *book, const struct care_kept *kept)
{
    for (size_t i = 0; i < book->kept_count; i++) {
        if (book->kept[i].device == kept->device &&
            trn_id_equal(&book->kept[i].dose, &kept->dose)) {
            return true;
        }
    }
    return false;
}

/* How many turns of before that dose passed the device knows; its id in hex. */
static int64_t heard_of(struct care_call *call, const char *dose)
{
    sqlite3 *db = sim_look_warm(call->world, call->device->index);
    char sql[300];
    int64_t count;

    (void)snprintf(sql,
                   sizeof sql,
                   "SELECT " CARE_TURNS_BEFORE " FROM dose_events d WHERE d.id=x'%.32s'",
                   dose);
    count = sim_look_number(call->world, db, sql, 0);
    sim_look_away(call->world, call->device->index);
    return count;
}

/* A clock that is off says of doses that they have passed which have not. */
void care_book_keep(struct care_call *call, const struct trn_bytes *passed)
{
    struct sim_book *book = care_book(call->world);
    int64_t off_us = call->now_us - call->world->now_us;

    book->turns = sim_room(book->turns, book->turn_count, &book->turn_room, sizeof *book->turns);
    book->turns[book->turn_count++] = (struct care_turn){
        .prescription = call->subject,
        .device = call->device->index,
        .at_us = call->now_us,
        .activates = strcmp(call->name, "activate") == 0,
        .ceases = strcmp(call->name, "pause") == 0 || strcmp(call->name, "end") == 0};
    for (const char *at = trn_bytes_text(passed);
         *at != '\0' && off_us < CLOCK_US && off_us > -CLOCK_US;
         at += 33) {
        struct care_kept kept = {.prescription = call->subject,
                                 .device = call->device->index,
                                 .at_us = call->now_us,
                                 .heard = heard_of(call, at)};

        if (trn_hex_decode(trn_slice_make(at, 32), kept.dose.bytes, sizeof kept.dose.bytes) &&
            !has_kept(book, &kept)) {
            book->kept =
                sim_room(book->kept, book->kept_count, &book->kept_room, sizeof *book->kept);
            book->kept[book->kept_count++] = kept;
        }
    }
}

void sim_care_unwatch(struct sim_world *world)
{
    struct sim_book *book = world->book;

    if (book != NULL) {
        trn_bytes_free(&book->versions);
        trn_bytes_free(&book->rows);
        trn_bytes_free(&book->records);
        book->seen = 0;
        book->blurred = true;
        book->put_back = true;
    }
}

void sim_care_end(struct sim_world *world)
{
    if (world->book != NULL) {
        sim_care_unwatch(world);
        free(world->book->turns);
        free(world->book->kept);
        free(world->book->acts);
        free(world->book);
        world->book = NULL;
    }
}

void sim_care_blur(struct sim_world *world)
{
    if (world->care) {
        care_book(world)->blurred = true;
    }
}
