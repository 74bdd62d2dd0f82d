/* Lines of "tx|time of its acknowledgement"; what copies hold is a text of tx ids. */
#include "sim/backup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "sim/look.h"

enum { ID_DIGITS = 32 };
/* Short of 30 days by more than a device's clock may be ahead of its wall's by what it heard. */
#define KEPT_US ((INT64_C(30) * 24 - 1) * 3600 * SIM_SECOND_US)

/* ---- The word ---- */

static struct trn_backup read_word(struct sim_world *world)
{
    struct trn_backup word = {.number = 0};
    struct trn_bytes row = sim_look_rows(world,
                                         sim_look_within(world, SIM_SERVER),
                                         "SELECT tx, number, received FROM tern_entry "
                                         "ORDER BY number DESC LIMIT 1");
    const char *text = trn_bytes_text(&row);
    char *end = NULL;

    if (row.size > ID_DIGITS &&
        trn_hex_decode(trn_slice_make(text, ID_DIGITS), word.tx.bytes, sizeof word.tx.bytes)) {
        word.number = strtoll(text + ID_DIGITS + 1, &end, 10);
        word.received_us = strtoll(end + 1, NULL, 10);
    }
    trn_bytes_free(&row);
    sim_look_away(world, SIM_SERVER);
    return word;
}

void sim_backup_tell(struct sim_world *world)
{
    struct trn_bytes held;

    if (world->db == NULL) {
        return;
    }
    world->word = read_word(world);
    held = sim_look_rows(world,
                         sim_look_within(world, SIM_SERVER),
                         "SELECT tx FROM tern_entry WHERE verdict = 0");
    sim_look_away(world, SIM_SERVER);
    if (trn_bytes_append_slice(&world->copied, trn_bytes_slice(&held)) != TERN_OK) {
        abort();
    }
    trn_bytes_free(&held);
    sim_backup_hear(world);
}

void sim_backup_hear(struct sim_world *world)
{
    if (world->server != NULL) {
        trn_server_set_backup(world->server, &world->word);
    }
}

void sim_backup_end(struct sim_world *world)
{
    trn_bytes_free(&world->copied);
}

/* ---- What devices keep ---- */

/* Before anything was told of there is nothing to look at: entries go by their age alone. */
struct trn_bytes sim_backup_entries(struct sim_device *device)
{
    struct sim_world *world = device->world;
    struct trn_bytes lines = {0};

    if (world->word.number > 0 && !world->any_erased && device->replica != NULL &&
        !sim_disk_is_dead(device->disk)) {
        lines = sim_look_rows(world,
                              sim_look_within(world, device->index),
                              "SELECT tx, acked FROM tern_outbox WHERE kind < 2 ORDER BY place");
        sim_look_away(world, device->index);
    }
    return lines;
}

/* Whether the line's id begins `*at`, which goes on behind it, or stands anywhere behind. */
static bool is_there(const char *line, const char **at)
{
    char tx[ID_DIGITS + 1];

    if (strncmp(line, *at, ID_DIGITS) == 0) {
        *at += strcspn(*at, "\n") + 1;
        return true;
    }
    (void)snprintf(tx, sizeof tx, "%.*s", (int)ID_DIGITS, line);
    return strstr(*at, tx) != NULL;
}

void sim_backup_look(struct sim_device *device, struct trn_bytes *before)
{
    struct sim_world *world = device->world;
    struct trn_bytes now = before->size > 0 ? sim_backup_entries(device) : (struct trn_bytes){0};
    int64_t oldest_us = world->now_us - KEPT_US;
    bool is_seen = device->replica != NULL && !sim_disk_is_dead(device->disk) &&
                   !world->any_erased && !device->clock_was_off;
    const char *at = trn_bytes_text(&now);

    for (const char *line = trn_bytes_text(before); *line != '\0' && is_seen;
         line += strcspn(line, "\n") + 1) {
        const char *copied = trn_bytes_text(&world->copied);
        int64_t acked_us = strtoll(line + ID_DIGITS + 1, NULL, 10);

        if (!is_there(line, &at) && !is_there(line, &copied) &&
            (acked_us == 0 || acked_us >= oldest_us)) {
            sim_fail(world,
                     "kept",
                     "%s has let go of transaction %.*s, which no backup that was told of holds",
                     device->name,
                     (int)ID_DIGITS,
                     line);
        }
    }
    trn_bytes_free(&now);
    trn_bytes_free(before);
}
