/* However ternd ends, what it acknowledged is there when it comes back. */
#include <curl/curl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/e2e/server/daemon.h"
#include "tests/unit/schema/documents.h"
#include "tests/unit/server/lab.h"

static const char type[] = "Content-Type: application/vnd.tern.sync+ndjson; version=1";

struct scene {
    struct daemon daemon;
    struct lab lab;
    struct phone phone;
    struct phone other;
    char *token;
    unsigned acknowledged;
};

static void scene_open(struct scene *scene)
{
    memset(scene, 0, sizeof(*scene));
    daemon_prepare(&scene->daemon);
    scene->lab.schema = documents_dastern();
    scene->lab.now_us = (int64_t)time(NULL) * 1000000;
    phone_open(&scene->phone, &scene->lab, 1, 1);
    phone_insert_user(&scene->phone, "PATIENT");
    scene->token = daemon_token(&scene->phone.auth.user, "tern", NULL, 600);
    (void)snprintf(scene->lab.path,
                   sizeof(scene->lab.path),
                   "%s",
                   daemon_path(&scene->daemon, "server.db"));
}

static void scene_close(struct scene *scene)
{
    daemon_free(&scene->daemon);
    phone_close(&scene->phone);
    trn_schema_free(scene->lab.schema);
    free(scene->token);
}

/* Sends what is queued; true once it is acknowledged, and leaves the queue then. */
static bool push(struct scene *scene)
{
    const char *headers[] = {scene->token, type, NULL};
    struct trn_bytes body = {0};
    struct http_reply reply;
    bool acknowledged;

    phone_request(&scene->phone, 0, &body);
    daemon_request(&scene->daemon, "POST", "/v1/sync", headers, trn_bytes_slice(&body), &reply);
    acknowledged = !reply.failed && reply.status == 200;
    if (acknowledged) {
        CHECK(strstr(trn_bytes_text(&reply.body), "\"rejected\"") == NULL);
        scene->acknowledged += (unsigned)scene->phone.queued;
        trn_bytes_free(&scene->phone.queue[0].bytes);
        scene->phone.queued = 0;
    }
    http_reply_free(&reply);
    trn_bytes_free(&body);
    return acknowledged;
}

/* Ends the server from outside after a while. */
static pid_t end_after(const struct scene *scene, unsigned after_us, int signal)
{
    pid_t pid = fork();

    CHECK(pid >= 0);
    if (pid == 0) {
        (void)usleep(after_us);
        (void)kill(scene->daemon.pid, signal);
        _exit(0);
    }
    return pid;
}

/* Pushes one row after the other until the server is gone. */
static void push_until_end(struct scene *scene, unsigned after_us, int signal)
{
    pid_t ender = end_after(scene, after_us, signal);

    do {
        if (scene->phone.queued == 0) {
            phone_insert_prescription(&scene->phone,
                                      lab_id('p', 1 + scene->acknowledged),
                                      scene->phone.auth.user,
                                      "One");
        }
    } while (push(scene));
    CHECK(waitpid(ender, NULL, 0) == ender);
}

static void check_nothing_lost(struct scene *scene)
{
    CHECK_INT(lab_number(&scene->lab, "SELECT count(*) FROM prescriptions") + 1,
              (int64_t)scene->acknowledged);
    CHECK_INT(lab_number(&scene->lab, "SELECT count(*) FROM tern_entry WHERE verdict = 0"),
              (int64_t)scene->acknowledged);
    CHECK_TEXT(lab_text(&scene->lab, "PRAGMA integrity_check"), "ok");
}

TEST(killed_at_any_moment_it_loses_nothing_acknowledged)
{
    struct scene scene;

    scene_open(&scene);
    for (unsigned round = 0; round < 8; round++) {
        daemon_start(&scene.daemon, NULL);
        push_until_end(&scene, 20000 + round * 7919, SIGKILL);
        CHECK_INT(daemon_wait(&scene.daemon), -1);
    }
    daemon_start(&scene.daemon, NULL);
    CHECK(push(&scene)); /* what was in flight: it had been applied or not, and now it is once */
    CHECK_INT(daemon_stop(&scene.daemon, SIGTERM), 0);
    check_nothing_lost(&scene);
    scene_close(&scene);
}

TEST(asked_to_stop_it_ends_well_and_loses_nothing_acknowledged)
{
    struct scene scene;

    scene_open(&scene);
    for (unsigned round = 0; round < 4; round++) {
        daemon_start(&scene.daemon, NULL);
        push_until_end(&scene, 30000 + round * 7919, SIGTERM);
        CHECK_INT(daemon_wait(&scene.daemon), 0);
    }
    daemon_start(&scene.daemon, NULL);
    CHECK(push(&scene));
    CHECK_INT(daemon_stop(&scene.daemon, SIGTERM), 0);
    check_nothing_lost(&scene);
    scene_close(&scene);
}

enum { CROWD = 12 };

/* One device of a crowd, with a clock and a connection of its own. */
struct pusher {
    pthread_t thread;
    struct scene scene;
    bool ended;
};

/* What the crowd is seen by: one of it was acknowledged more than once, or cannot go on. */
static atomic_bool crowd_is_busy;

static void *push_on(void *context)
{
    struct pusher *pusher = context;
    struct scene *scene = &pusher->scene;

    do {
        if (scene->phone.queued == 0) {
            tern_id id = lab_id('p', scene->acknowledged);

            id.bytes[1] = scene->phone.device.bytes[15];
            phone_insert_prescription(&scene->phone, id, scene->phone.auth.user, "One");
        }
        if (scene->acknowledged > 1) {
            atomic_store(&crowd_is_busy, true);
        }
    } while (push(scene));
    atomic_store(&crowd_is_busy, true);
    pusher->ended = true;
    return NULL;
}

static void crowd_open(struct pusher crowd[CROWD], const struct daemon *daemon)
{
    for (unsigned index = 0; index < CROWD; index++) {
        struct scene *scene = &crowd[index].scene;

        memset(&crowd[index], 0, sizeof(crowd[index]));
        scene->daemon = *daemon;
        scene->daemon.curl = curl_easy_init();
        CHECK(scene->daemon.curl != NULL);
        scene->lab.schema = documents_dastern();
        scene->lab.now_us = (int64_t)time(NULL) * 1000000;
        phone_open(&scene->phone, &scene->lab, 1 + index, 1 + index);
        phone_insert_user(&scene->phone, "PATIENT");
        scene->token = daemon_token(&scene->phone.auth.user, "tern", NULL, 600);
    }
}

static void crowd_close(struct pusher crowd[CROWD])
{
    for (unsigned index = 0; index < CROWD; index++) {
        curl_easy_cleanup(crowd[index].scene.daemon.curl);
        phone_close(&crowd[index].scene.phone);
        trn_schema_free(crowd[index].scene.lab.schema);
        free(crowd[index].scene.token);
    }
}

/* What the database holds of the device's transactions. */
static int64_t kept_of(struct scene *scene, const struct pusher *pusher)
{
    char sql[160];

    (void)snprintf(sql,
                   sizeof(sql),
                   "SELECT count(*) FROM tern_entry WHERE verdict = 0 AND "
                   "substr(hex(device), 31) = '%02X'",
                   (unsigned)pusher->scene.phone.device.bytes[15]);
    return lab_number(&scene->lab, sql);
}

static void check_crowd(struct scene *scene, struct pusher crowd[CROWD])
{
    int64_t most = 0;

    for (unsigned index = 0; index < CROWD; index++) {
        int64_t kept = kept_of(scene, &crowd[index]);

        CHECK(crowd[index].ended);
        CHECK(kept >= (int64_t)crowd[index].scene.acknowledged);
        CHECK(kept <= (int64_t)crowd[index].scene.acknowledged + 1);
        most = kept > most ? kept : most;
    }
    CHECK(most > 1);
    CHECK_TEXT(lab_text(&scene->lab, "PRAGMA integrity_check"), "ok");
}

static void push_in_a_crowd(int signal, int code)
{
    static struct pusher crowd[CROWD];
    struct scene scene;

    scene_open(&scene);
    daemon_start(&scene.daemon, NULL);
    crowd_open(crowd, &scene.daemon);
    atomic_store(&crowd_is_busy, false);
    for (unsigned index = 0; index < CROWD; index++) {
        CHECK(pthread_create(&crowd[index].thread, NULL, push_on, &crowd[index]) == 0);
    }
    while (!atomic_load(&crowd_is_busy)) {
        (void)usleep(1000);
    }
    (void)usleep(200000);
    CHECK(kill(scene.daemon.pid, signal) == 0);
    for (unsigned index = 0; index < CROWD; index++) {
        CHECK(pthread_join(crowd[index].thread, NULL) == 0);
    }
    CHECK_INT(daemon_wait(&scene.daemon), code);
    daemon_start(&scene.daemon, NULL);
    CHECK_INT(daemon_stop(&scene.daemon, SIGTERM), 0);
    check_crowd(&scene, crowd);
    crowd_close(crowd);
    scene_close(&scene);
}

TEST(killed_among_many_devices_it_loses_nothing_acknowledged_to_any)
{
    push_in_a_crowd(SIGKILL, -1);
}

TEST(asked_to_stop_among_many_devices_it_loses_nothing_acknowledged_to_any)
{
    push_in_a_crowd(SIGTERM, 0);
}

static void insert_bulk(struct scene *scene, unsigned number, const char *text)
{
    struct trn_change change =
        lab_change(&scene->lab, TRN_OP_INSERT, "prescriptions", lab_id('b', number));

    lab_set(&change, "patient_id", tern_value_id(&scene->phone.auth.user));
    lab_set(&change, "patient_name", tern_value_text("Patient"));
    lab_set(&change, "symptoms", tern_value_text(text));
    phone_begin(&scene->phone, TRN_ENTRY_RECORDED);
    phone_change(&scene->phone, &change);
    phone_commit(&scene->phone);
}

/* A record whose answer is too large for what lies between server and client. */
static void fill_record(struct scene *scene)
{
    enum { ROWS = 12, BYTES = 1000 * 1000 };
    char *text = malloc(BYTES + 1);
    uint32_t seed = 1;

    CHECK(text != NULL);
    text[BYTES] = '\0';
    CHECK(push(scene));
    for (unsigned row = 0; row < ROWS; row++) {
        for (size_t index = 0; index < BYTES; index++) {
            seed = seed * UINT32_C(1664525) + UINT32_C(1013904223);
            text[index] = (char)('#' + (seed >> 24) % 57); /* nothing that JSON escapes */
        }
        insert_bulk(scene, row, text);
        CHECK(push(scene));
    }
    free(text);
}

/* Would it wait for them, it would wait for an hour. */
TEST(it_waits_for_no_client_that_hung_up)
{
    static const char *const patient[] = {"--page-bytes",
                                          "8388608",
                                          "--stop-timeout",
                                          "3600",
                                          NULL};
    struct scene scene;
    struct trn_bytes body = {0};
    struct http_reply reply;
    const char *headers[] = {NULL, type, NULL};

    scene_open(&scene);
    headers[0] = scene.token;
    daemon_start(&scene.daemon, patient);
    fill_record(&scene);
    phone_open(&scene.other, &scene.lab, 1, 2);
    phone_request(&scene.other, 1000, &body);
    scene.daemon.hangs_up = true;
    daemon_request(&scene.daemon, "POST", "/v1/sync", headers, trn_bytes_slice(&body), &reply);
    CHECK(reply.failed);
    CHECK_INT(daemon_stop(&scene.daemon, SIGTERM), 0);
    http_reply_free(&reply);
    trn_bytes_free(&body);
    phone_close(&scene.other);
    scene_close(&scene);
}

TEST(a_second_server_on_one_database_is_refused)
{
    struct scene scene;
    struct daemon second;
    char *log;

    scene_open(&scene);
    daemon_start(&scene.daemon, NULL);
    second = scene.daemon;
    second.pid = fork();
    CHECK(second.pid >= 0);
    if (second.pid == 0) {
        char command[2048];

        (void)snprintf(command,
                       sizeof(command),
                       "'%s' --schema '%s/schemas/dastern.json' --port 0 --database '%s/server.db' "
                       "--certificate '%s/server.pem' --private-key '%s/server.key' "
                       "--token-key '%s/token.key' 2>'%s/second.log'",
                       TERND_PROGRAM,
                       TERN_SOURCE_DIR,
                       second.folder,
                       second.folder,
                       second.folder,
                       second.folder,
                       second.folder);
        (void)execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    CHECK_INT(daemon_wait(&second), 1);
    log = daemon_log(&scene.daemon);
    CHECK(strstr(log, "listening") != NULL);
    free(log);
    CHECK_INT(daemon_stop(&scene.daemon, SIGTERM), 0);
    scene_close(&scene);
}

/* The command is refused while the server runs, and done once that has stopped. */
static void check_lock(struct daemon *daemon, const char *const *command)
{
    pid_t server = daemon->pid;

    CHECK_INT(daemon_run(daemon, command), 1);
    daemon->pid = server;
    CHECK_INT(daemon_stop(daemon, SIGTERM), 0);
    CHECK_INT(daemon_run(daemon, command), 0);
}

TEST(a_database_that_is_reached_by_a_link_is_refused_while_a_server_has_it)
{
    struct scene scene;
    const char *retain[] = {"--retain", "--database", NULL, NULL};

    scene_open(&scene);
    daemon_start(&scene.daemon, NULL);
    retain[2] = daemon_path(&scene.daemon, "link.db");
    CHECK(symlink(daemon_path(&scene.daemon, "server.db"), retain[2]) == 0);
    check_lock(&scene.daemon, retain);
    scene_close(&scene);
}

TEST(a_database_that_is_made_through_a_link_is_locked_by_its_own_name)
{
    struct scene scene;
    char made[512];
    const char *retain[] = {"--retain", "--database", made, NULL};

    scene_open(&scene);
    (void)snprintf(made, sizeof(made), "%s", daemon_path(&scene.daemon, "made.db"));
    CHECK(symlink(made, daemon_path(&scene.daemon, "server.db")) == 0);
    daemon_start(&scene.daemon, NULL);
    check_lock(&scene.daemon, retain);
    scene_close(&scene);
}

TEST(a_record_is_erased_by_the_operator_s_command_and_stays_so)
{
    struct scene scene;
    char id[TERN_ID_TEXT_BYTES];
    const char *erase[] = {"--erase", id, NULL};
    const char *nobody[] = {"--erase", "018fe123-4567-79ab-8cde-f0123456789a", NULL};

    scene_open(&scene);
    tern_id_format(&scene.phone.auth.user, id);
    daemon_start(&scene.daemon, NULL);
    CHECK(push(&scene));
    CHECK_INT(daemon_stop(&scene.daemon, SIGTERM), 0);
    CHECK_INT(daemon_run(&scene.daemon, nobody), 1);
    CHECK_INT(lab_number(&scene.lab, "SELECT count(*) FROM users"), 1);
    CHECK_INT(daemon_run(&scene.daemon, erase), 0);
    CHECK_INT(lab_number(&scene.lab, "SELECT count(*) FROM users"), 0);
    CHECK_INT(daemon_run(&scene.daemon, erase), 0);
    daemon_start(&scene.daemon, NULL);
    CHECK_INT(daemon_stop(&scene.daemon, SIGTERM), 0);
    scene_close(&scene);
}

TEST(what_has_had_its_time_goes_by_the_operator_s_command_and_the_rest_stays)
{
    struct scene scene;
    const char *retain[] = {"--retain", NULL};
    pid_t server;

    scene_open(&scene);
    daemon_start(&scene.daemon, NULL);
    CHECK(push(&scene));
    server = scene.daemon.pid;
    CHECK_INT(daemon_run(&scene.daemon, retain), 1); /* a server has the database */
    scene.daemon.pid = server;
    CHECK_INT(daemon_stop(&scene.daemon, SIGTERM), 0);
    CHECK_INT(daemon_run(&scene.daemon, retain), 0); /* Das Tern keeps all of it */
    CHECK_INT(lab_number(&scene.lab, "SELECT count(*) FROM users"), 1);
    scene_close(&scene);
}
