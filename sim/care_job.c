/* A step, and what has to hold behind it, by SQL of its own. */
#include "sim/care_job.h"
#include "sim/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/missed.h"
#include "sim/bounded.h"
#include "sim/care_call.h"
#include "sim/care_zones.h"
#include "sim/life.h"
#include "sim/look.h"
#include "sim/memory.h"
#include "sim/serve.h"
#include "sim/watch.h"

enum { ROUND_STEPS = 1000 };

/* ---- Handing in ---- */

/* The request that the step handed in, and what it was answered. */
struct handed {
    struct trn_sync_call call;
    void *request;
    void *answer;
    bool is_done;
};

static struct handed handed;

static void *copy(struct trn_slice bytes)
{
    void *room = malloc(bytes.size + 1);

    if (room == NULL) {
        abort();
    }
    if (bytes.size > 0) {
        memcpy(room, bytes.data, bytes.size);
    }
    return room;
}

static void hand_in(void *context, int64_t now_us, struct trn_sync_call *call)
{
    struct sim_world *world = context;

    trn_server_handle(world->server, now_us, call, 1);
    handed = (struct handed){.call = *call,
                             .request = copy(call->request),
                             .answer = copy(trn_bytes_slice(&call->answer)),
                             .is_done = true};
    handed.call.request.data = handed.request;
    handed.call.answer.data = handed.answer;
}

/* The reference model and the watch hear of it as of any exchange. */
static void tell(struct sim_world *world, int64_t now_us, bool died)
{
    if (handed.is_done) {
        const struct trn_sync_call unheard = {.auth = handed.call.auth,
                                              .request = handed.call.request};

        sim_tell_twin(world, died ? &unheard : &handed.call, now_us);
        free(handed.request);
        free(handed.answer);
    }
    if (handed.is_done && !died) {
        sim_watch_look(world, 0, false);
    }
    handed = (struct handed){.is_done = false};
}

/* ---- What has to hold ---- */

struct before {
    struct trn_bytes due;
    struct trn_bytes settled;
    struct trn_bytes alerts;
    struct trn_bytes alert_ids;
};

#define DUE "SELECT id FROM dose_events WHERE status='DUE' AND deleted_at IS NULL ORDER BY 1"
#define SETTLED "SELECT id,status,updated_at FROM dose_events WHERE status<>'DUE' ORDER BY 1"
#define ALERTS "SELECT id,updated_at,deleted_at,is_read,data FROM notifications ORDER BY 1"
#define RECENT "d.scheduled_time>=?2-86400000000"
#define ALERTED(whom, type)                                                                        \
    "EXISTS(SELECT 1 FROM notifications n WHERE n.recipient_id=" whom " AND n.type='" type         \
    "' AND n.about_id=d.id)"

static struct trn_bytes read_rows(struct sim_world *world, const char *sql, int64_t now_us)
{
    sqlite3 *db = sim_look_within(world, SIM_SERVER);
    sqlite3_stmt *stmt = sim_look_prepare(world, db, sql);
    struct trn_bytes rows = {0};

    if (stmt != NULL) {
        if (sqlite3_bind_parameter_count(stmt) >= 2) {
            (void)sqlite3_bind_int64(stmt, 2, now_us);
        }
        rows = sim_look_steps(world, stmt);
    }
    sim_look_away(world, SIM_SERVER);
    return rows;
}

static void look_before(struct sim_world *world, struct before *before)
{
    before->due = read_rows(world, DUE, 0);
    before->settled = read_rows(world, SETTLED, 0);
    before->alerts = read_rows(world, ALERTS, 0);
    before->alert_ids = read_rows(world, "SELECT id FROM notifications", 0);
}

static void forget(struct before *before)
{
    trn_bytes_free(&before->due);
    trn_bytes_free(&before->settled);
    trn_bytes_free(&before->alerts);
    trn_bytes_free(&before->alert_ids);
}

/* Whether the lines' first of the ids that `known` has, or has not. */
static bool
find(const struct trn_bytes *ids, const struct trn_bytes *known, bool has, char line[33])
{
    for (const char *at = trn_bytes_text(ids); *at != '\0'; at += 33) {
        (void)snprintf(line, 33, "%.32s", at);
        if ((strstr(trn_bytes_text(known), line) != NULL) == has) {
            return true;
        }
    }
    return false;
}

/* None of the ids that the statement lists is one of `known`, or else all are. */
static void none_is(struct sim_world *world,
                    const char *sql,
                    int64_t now_us,
                    const struct trn_bytes *known,
                    bool has,
                    const char *what)
{
    struct trn_bytes ids = read_rows(world, sql, now_us);
    char line[33];

    if (find(&ids, known, has, line)) {
        sim_fail(world, "job", "the server's job %s: %s", what, line);
    }
    trn_bytes_free(&ids);
}

static void must_stay(struct sim_world *world,
                      const struct trn_bytes *before,
                      const char *sql,
                      const char *what)
{
    struct trn_bytes after = read_rows(world, sql, 0);
    const char *line = care_lost(before, &after, NULL);

    if (line != NULL) {
        sim_fail(world, "job", "the server's job touched %s: %s", what, line);
    }
    trn_bytes_free(&after);
}

/* What is missed is missed, and told of once, to whom it has to be. */
static void judge(struct sim_world *world, const struct before *before, int64_t now_us)
{
    must_stay(world, &before->settled, SETTLED, "a dose that was not due");
    must_stay(world, &before->alerts, ALERTS, "an alert that was there");
    none_is(world,
            "SELECT d.id" CARE_DOSES " WHERE d.status='MISSED' AND NOT coalesce(" CARE_PASSED
            " AND d.flags='INFERRED' AND " CARE_YIELDED ",0)",
            now_us,
            &before->due,
            true,
            "calls missed what is not");
    none_is(world,
            "SELECT d.id FROM dose_events d JOIN users u ON u.id=d.patient_id AND u.deleted_at IS "
            "NULL WHERE d.status='MISSED' AND " RECENT
            " AND NOT " ALERTED("u.id", "MISSED_DOSE_ALERT"),
            now_us,
            &before->due,
            true,
            "tells no patient of");
    none_is(world,
            "SELECT d.id FROM dose_events d JOIN users u ON u.id=d.patient_id AND u.deleted_at IS "
            "NULL AND u.role='PATIENT' JOIN connections c ON u.id IN (c.initiator_id,"
            "c.recipient_id) AND c.status='ACCEPTED' AND c.permission_level='ALLOWED' AND "
            "c.deleted_at IS NULL JOIN users f ON f.id IN (c.initiator_id,c.recipient_id) AND "
            "f.role='FAMILY_MEMBER' AND f.deleted_at IS NULL WHERE d.status='MISSED' AND " RECENT
            " AND NOT " ALERTED("f.id", "FAMILY_ALERT"),
            now_us,
            &before->due,
            true,
            "tells no family of");
    none_is(world,
            "SELECT n.id FROM notifications n LEFT JOIN dose_events d ON d.id=n.about_id WHERE "
            "NOT coalesce(d.status='MISSED' AND " RECENT
            " AND json_extract(n.data,'$.late')=(?2-" CARE_ENDS
            ">3600000000) AND (n.type='MISSED_DOSE_ALERT')=(n.recipient_id=d.patient_id) "
            "AND n.type IN ('MISSED_DOSE_ALERT','FAMILY_ALERT') AND n.is_read=0,0)",
            now_us,
            &before->alert_ids,
            false,
            "made an alert that is none");
    none_is(world,
            "SELECT id FROM notifications WHERE about_id IN (SELECT d.id" CARE_DOSES
            " WHERE " CARE_UNSAID " AND NOT coalesce(" CARE_YIELDED ",0))",
            now_us,
            &before->alert_ids,
            false,
            "tells of a dose that nobody was to take");
}

/* Behind a whole round. */
static void judge_round(struct sim_world *world, int64_t now_us)
{
    struct trn_bytes left = read_rows(world,
                                      "SELECT d.id" CARE_DOSES
                                      " WHERE d.status='DUE' AND d.deleted_at IS NULL AND d.flags "
                                      "IS NULL AND " CARE_PASSED " AND " CARE_YIELDED,
                                      now_us);

    if (left.size > 0) {
        sim_fail(world, "job", "the server's job leaves a dose due: %.32s", trn_bytes_text(&left));
    }
    trn_bytes_free(&left);
}

/* ---- Steps ---- */

static bool may_fail(const struct sim_world *world, tern_status status)
{
    return world->troubled && sim_is_trouble(status);
}

static bool open_job(struct sim_world *world)
{
    const struct trn_missed_port port = {.zones = sim_zones, .context = world, .hand_in = hand_in};
    tern_error error = {0};
    tern_status status;

    if (world->job != NULL) {
        return true;
    }
    status = SIM_CALL(SIM_SERVER, trn_missed_open(world->db, &port, &world->job, &error));
    if (status != TERN_OK && !may_fail(world, status) && !sim_disk_is_dead(world->disk)) {
        sim_fail(world, "status", "the job does not start: %s", tern_status_code(status));
    }
    return status == TERN_OK;
}

/* One step; false where the server died of it, or it failed. */
static bool take_step(struct sim_world *world, int64_t now_us, bool *ret_more)
{
    struct trn_missed_report report = {.more = false};
    tern_error error = {0};
    tern_status status = SIM_CALL(SIM_SERVER, trn_missed_step(world->job, now_us, &report, &error));
    bool died = sim_disk_is_dead(world->disk);

    world->ops++;
    if (died) {
        sim_world_mend(world);
    }
    tell(world, now_us, died);
    *ret_more = report.more;
    if (status != TERN_OK && !died && !may_fail(world, status)) {
        sim_fail(world,
                 "status",
                 "the job's step gave %s %.200s",
                 tern_status_code(status),
                 error.message);
    }
    if (!died) {
        sim_bounded_log(world, SIM_SERVER);
    }
    return status == TERN_OK && !died;
}

static void play(struct sim_world *world, unsigned steps, bool whole, int64_t now_us)
{
    bool more = true;
    bool well = true;

    while (well && more && steps-- > 0 && !sim_failed(world)) {
        struct before before;

        look_before(world, &before);
        well = take_step(world, now_us, &more);
        if (world->db != NULL && !sim_failed(world)) {
            judge(world, &before, now_us);
        }
        forget(&before);
    }
    if (well && whole && !sim_failed(world)) {
        judge_round(world, now_us);
    }
}

void sim_job_play(struct sim_world *world, json_t *event)
{
    json_t *steps = json_object_get(event, "steps");
    int64_t off_us = json_integer_value(json_object_get(event, "off_s")) * SIM_SECOND_US;

    if (world->server == NULL || sim_disk_is_dead(world->disk)) {
        return;
    }
    if (steps == NULL) {
        sim_server_end_job(world);
    }
    if (open_job(world)) {
        play(world,
             steps != NULL ? (unsigned)json_integer_value(steps) : ROUND_STEPS,
             steps == NULL,
             sim_server_now(world) + off_us);
    }
}
