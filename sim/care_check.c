/* What the server holds of people's acts, and what has to hold when all is quiet. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/uuid.h"
#include "sim/care_call.h"
#include "sim/look.h"

/* ---- The server, as it goes ---- */

/* A dose with a record that has none any more: a person has taken it back. */
static void check_record(struct sim_world *world, sqlite3 *db, const char *line)
{
    struct sim_book *book = world->book;
    char sql[120];
    tern_id dose;

    (void)snprintf(sql,
                   sizeof sql,
                   "SELECT status IN " CARE_RECORDED " FROM dose_events WHERE id=x'%.32s'",
                   line);
    if (sim_look_number(world, db, sql, 1) != 0 ||
        !trn_hex_decode(trn_slice_make(line, 32), dose.bytes, sizeof dose.bytes)) {
        return;
    }
    for (size_t i = 0; i < book->act_count; i++) {
        if (trn_id_equal(&book->acts[i].dose, &dose) && book->acts[i].undo) {
            return;
        }
    }
    sim_fail(world,
             "records",
             "the server's %.100s has no record any more, and nobody took it back",
             line);
}

static void replace(struct trn_bytes *old, struct trn_bytes *now)
{
    trn_bytes_free(old);
    *old = trn_bytes_move(now);
}

void sim_care_watch(struct sim_world *world)
{
    struct sim_book *book = care_book(world);
    sqlite3 *db;
    struct trn_bytes versions;
    struct trn_bytes rows;
    struct trn_bytes records;
    const char *line;
    int64_t last;

    if (world->db == NULL || sim_disk_is_dead(world->disk) || world->any_erased) {
        return;
    }
    db = sim_look_within(world, SIM_SERVER);
    last = sim_look_number(world, db, "SELECT max(number) FROM tern_entry", 0);
    if (last != book->seen) {
        versions = sim_look_rows(world,
                                 db,
                                 "SELECT id,prescription_id,version_number,change_reason,"
                                 "medications_snapshot FROM prescription_versions ORDER BY 1");
        rows = sim_look_rows(world,
                             db,
                             "SELECT id,medication_id,local_date,slot FROM dose_events ORDER BY 1");
        records = sim_look_rows(
            world,
            db,
            "SELECT id,'recorded' FROM dose_events WHERE status IN " CARE_RECORDED " ORDER BY 1");
        if ((line = care_lost(&book->versions, &versions, NULL)) != NULL) {
            sim_fail(world, "past", "a version has changed on the server: %s", line);
        }
        if ((line = care_lost(&book->rows, &rows, NULL)) != NULL) {
            sim_fail(world, "past", "a dose has left the server: %s", line);
        }
        if ((line = care_lost(&book->records, &records, NULL)) != NULL) {
            check_record(world, db, line);
        }
        replace(&book->versions, &versions);
        replace(&book->rows, &rows);
        replace(&book->records, &records);
        book->seen = last;
    }
    sim_look_away(world, SIM_SERVER);
}

/* ---- When all is quiet ---- */

static void
none_of(struct sim_world *world, sqlite3 *db, const char *who, const char *sql, const char *what)
{
    struct trn_bytes found = sim_look_rows(world, db, sql);

    if (found.size > 0) {
        sim_fail(world, "rules", "%s: %s: %.200s", who, what, trn_bytes_text(&found));
    }
    trn_bytes_free(&found);
}

static void check_rows(struct sim_world *world, int device)
{
    const char *who = device == SIM_SERVER ? "server" : world->devices[device].name;
    sqlite3 *db = sim_look_within(world, device);

    none_of(world,
            db,
            who,
            "SELECT medication_id,local_date,slot,count(*) FROM dose_events GROUP BY 1,2,3 HAVING "
            "count(*)>1 LIMIT 1",
            "two rows of one dose");
    none_of(world,
            db,
            who,
            "SELECT prescription_id,version_number,count(*) FROM prescription_versions GROUP BY "
            "1,2 HAVING count(*)>1 LIMIT 1",
            "two rows of one version");
    none_of(world,
            db,
            who,
            "SELECT id,status,taken_at FROM dose_events WHERE (status IN "
            "('TAKEN_ON_TIME','TAKEN_LATE'))<>(taken_at IS NOT NULL) LIMIT 1",
            "taken without a time, or a time without being taken");
    sim_look_away(world, device);
}

/* Versions count from 1 without a gap, the newest is the prescription's, and its snapshot is what
 * the medications are: two authors' edits were not mixed. */
static void check_versions(struct sim_world *world)
{
    sqlite3 *db;

    /* A version may go with an image that is put away. */
    if (care_book(world)->put_back || world->any_erased) {
        return;
    }
    db = sim_look_within(world, SIM_SERVER);
    none_of(world,
            db,
            "server",
            "SELECT p.id,p.current_version,max(v.version_number),count(v.id) FROM prescriptions p "
            "LEFT JOIN prescription_versions v ON v.prescription_id=p.id GROUP BY p.id HAVING "
            "max(v.version_number) IS NOT p.current_version OR count(v.id)<>p.current_version "
            "LIMIT 1",
            "versions that do not count up to the prescription's");
    none_of(world,
            db,
            "server",
            "SELECT p.id,v.version_number FROM prescriptions p JOIN prescription_versions v ON "
            "v.prescription_id=p.id AND v.version_number=p.current_version WHERE p.deleted_at IS "
            "NULL AND (SELECT json_group_array(line) FROM (SELECT lower(hex(id))||medicine_name||"
            "coalesce(json(morning_dosage),'-')||coalesce(json(daytime_dosage),'-')||"
            "coalesce(json(night_dosage),'-')||coalesce(frequency,'-')||coalesce(timing,'-')||"
            "coalesce(duration,0)||is_prn||coalesce(starts_on,'-')||coalesce(first_minute,'-') AS "
            "line FROM medications WHERE prescription_id=p.id AND "
            "deleted_at IS NULL ORDER BY 1)) IS NOT (SELECT json_group_array(line) FROM (SELECT "
            "replace(value->>'id','-','')||(value->>'medicine_name')||"
            "coalesce(nullif(value->'morning_dosage','null'),'-')||"
            "coalesce(nullif(value->'daytime_dosage','null'),'-')||"
            "coalesce(nullif(value->'night_dosage','null'),'-')||coalesce(value->>'frequency','-')"
            "||coalesce(value->>'timing','-')||coalesce(value->>'duration',0)||"
            "(value->>'is_prn')||coalesce(value->>'starts_on','-')||"
            "coalesce(value->>'first_minute','-') AS line FROM json_each(v.medications_snapshot) "
            "ORDER BY 1)) "
            "LIMIT 1",
            "medications that are not the newest version's");
    sim_look_away(world, SIM_SERVER);
}

static bool is_applied(struct sim_world *world, sqlite3 *db, const tern_id *tx)
{
    sqlite3_stmt *stmt =
        sim_look_prepare(world, db, "SELECT 1 FROM tern_entry WHERE tx=?1 AND verdict=0");
    bool applied = false;

    if (stmt != NULL) {
        (void)sqlite3_bind_blob(stmt, 1, tx->bytes, sizeof tx->bytes, SQLITE_STATIC);
        applied = sqlite3_step(stmt) == SQLITE_ROW;
        (void)sqlite3_reset(stmt);
    }
    return applied;
}

/* What stands of a dose that somebody has recorded: what one of those said, and of one device
 * alone what it said last. */
static void check_dose(struct sim_world *world, sqlite3 *db, const struct care_act *last)
{
    const struct sim_book *book = world->book;
    struct trn_bytes row = {0};
    sqlite3_stmt *stmt = sim_look_prepare(world,
                                          db,
                                          "SELECT status,taken_at,skip_reason,was_offline,flags "
                                          "FROM dose_events WHERE id=?1");
    bool alone = true;
    bool found = false;

    if (stmt != NULL) {
        (void)sqlite3_bind_blob(stmt, 1, last->dose.bytes, 16, SQLITE_STATIC);
        row = sim_look_steps(world, stmt);
    }
    for (size_t i = 0; i < book->act_count; i++) {
        const struct care_act *act = &book->acts[i];

        if (trn_id_equal(&act->dose, &last->dose)) {
            found = found || !act->sure || strcmp(act->outcome, trn_bytes_text(&row)) == 0;
            alone = alone && act->sure && act->device == last->device;
        }
    }
    if (!found && (row.size > 0 || !world->any_erased)) {
        sim_fail(world,
                 "records",
                 "nobody recorded what the server has of a dose: %.160s; the last said %.160s",
                 trn_bytes_text(&row),
                 last->outcome);
    } else if (alone && !book->blurred && row.size > 0 &&
               strcmp(last->outcome, trn_bytes_text(&row)) != 0) {
        sim_fail(world,
                 "records",
                 "%s alone recorded a dose, at last as %.160s; the server has %.160s",
                 world->devices[last->device].name,
                 last->outcome,
                 trn_bytes_text(&row));
    }
    trn_bytes_free(&row);
}

/* ---- What had passed ---- */

/* The doses that do not count, though they have passed: when the grace of each ended, whether it
 * goes by the hours from a meal, which may be moved, and how many turns there are of before it. */
static struct trn_bytes find_hidden(struct sim_world *world, sqlite3 *db)
{
    struct trn_bytes rows = {0};
    char sql[6000];
    sqlite3_stmt *stmt;

    (void)snprintf(sql,
                   sizeof sql,
                   "SELECT d.id," CARE_ENDS ",length(d.slot)=5," CARE_TURNS_BEFORE CARE_DOSES
                   " WHERE " CARE_PASSED " AND NOT coalesce(%s,0)",
                   CARE_COUNTS);
    stmt = sim_look_prepare(world, db, sql);
    if (stmt != NULL) {
        (void)sqlite3_bind_int64(stmt, 2, world->now_us);
        rows = sim_look_steps(world, stmt);
    }
    return rows;
}

struct hidden {
    int64_t ends_us; /* 0: it is not hidden */
    bool by_meal;
    bool is_turned; /* by a turn of before it passed, which its keeper had not heard of */
};

static struct hidden hidden_as(const struct trn_bytes *all, const struct care_kept *kept)
{
    struct hidden hidden = {0};
    char id[33];
    const char *at;
    char *end = NULL;

    trn_hex_encode(kept->dose.bytes, sizeof kept->dose.bytes, id);
    at = strstr(trn_bytes_text(all), id);
    if (at != NULL) {
        hidden.ends_us = strtoll(at + strlen(id) + 1, &end, 10);
        hidden.by_meal = strtoll(end + 1, &end, 10) == 1;
        hidden.is_turned = strtoll(end + 1, NULL, 10) > kept->heard;
    }
    return hidden;
}

/* Whether two have put the prescription in force, and so on two days. */
static bool is_begun_twice(const struct sim_book *book, const struct care_turn *first)
{
    for (size_t i = 0; first->activates && i < book->turn_count; i++) {
        const struct care_turn *turn = &book->turns[i];

        if (turn->activates && turn->device != first->device &&
            trn_id_equal(&turn->prescription, &first->prescription)) {
            return true;
        }
    }
    return false;
}

/* Whether another device had changed the prescription, or the meal, before the dose passed: a meal
 * by which it goes by hours, or that moved it behind the change which is said to have kept it; a
 * pause or an end that its keeper had not heard of. Or whether one that knew the draft alone put it
 * in force, whose day may stand. */
static bool
is_explained(const struct sim_book *book, const struct care_kept *kept, const struct hidden *hidden)
{
    static const tern_id settings = {{0}};

    for (size_t i = 0; i < book->turn_count; i++) {
        const struct care_turn *turn = &book->turns[i];

        if (turn->device != kept->device && (!turn->ceases || hidden->is_turned) &&
            ((turn->at_us <= hidden->ends_us) != turn->activates || is_begun_twice(book, turn)) &&
            (trn_id_equal(&turn->prescription, &kept->prescription) ||
             ((hidden->by_meal || hidden->ends_us > kept->at_us) &&
              trn_id_equal(&turn->prescription, &settings)))) {
            return true;
        }
    }
    return false;
}

/* A change that one device made hides nothing on any that had passed there before it. */
static void check_kept(struct sim_world *world, int device)
{
    const struct sim_book *book = care_book(world);
    sqlite3 *db = sim_look_within(world, device);
    struct trn_bytes all = {0};

    if (book->kept_count > 0) {
        all = find_hidden(world, db);
    }
    for (size_t i = 0; i < book->kept_count && !sim_failed(world); i++) {
        const struct hidden hidden = hidden_as(&all, &book->kept[i]);

        if (hidden.ends_us != 0 && !is_explained(book, &book->kept[i], &hidden)) {
            char id[33];

            trn_hex_encode(book->kept[i].dose.bytes, sizeof book->kept[i].dose.bytes, id);
            sim_fail(world,
                     "vanished history",
                     "%s hides a dose that %s had missed when it changed the prescription: %s",
                     device == SIM_SERVER ? "the server" : world->devices[device].name,
                     world->devices[book->kept[i].device].name,
                     id);
        }
    }
    trn_bytes_free(&all);
    sim_look_away(world, device);
}

static bool is_last(const struct sim_book *book, size_t at)
{
    for (size_t i = at + 1; i < book->act_count; i++) {
        if (trn_id_equal(&book->acts[i].dose, &book->acts[at].dose)) {
            return false;
        }
    }
    return true;
}

static void check_acts(struct sim_world *world)
{
    const struct sim_book *book = care_book(world);
    sqlite3 *db = sim_look_within(world, SIM_SERVER);

    for (size_t i = 0; i < book->act_count && !sim_failed(world); i++) {
        if (book->acts[i].sure && is_last(book, i) && is_applied(world, db, &book->acts[i].tx)) {
            check_dose(world, db, &book->acts[i]);
        }
    }
    sim_look_away(world, SIM_SERVER);
}

/* Every device of a patient reads the same, and what the rows say. */
static void check_reads(struct sim_world *world)
{
    static const char *const calls[] = {"adherence", "list", "reminders"};

    for (size_t i = 0; i < world->device_count; i++) {
        for (size_t j = 0; j < 3 * 4 && !sim_failed(world); j++) {
            json_t *event = json_pack("{s:s, s:s, s:i}",
                                      "device",
                                      world->devices[i].name,
                                      "call",
                                      calls[j / 4],
                                      "by",
                                      (int)(j % 4));

            if (j < 4 || j % 4 == 0) {
                sim_care_play(world, event);
            }
            json_decref(event);
        }
    }
}

void sim_care_check(struct sim_world *world)
{
    for (int i = SIM_SERVER; i < (int)world->device_count && !sim_failed(world); i++) {
        check_rows(world, i);
    }
    if (!sim_failed(world)) {
        sim_care_watch(world);
        check_acts(world);
    }
    if (!sim_failed(world)) {
        check_versions(world);
        check_reads(world);
    }
    for (int i = SIM_SERVER; i < (int)world->device_count && !sim_failed(world) &&
                             !care_book(world)->blurred && !world->any_erased;
         i++) {
        check_kept(world, i);
    }
}
