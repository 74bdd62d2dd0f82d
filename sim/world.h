/*
 * The world of one history: devices and a server as machines with disks of their own, one true
 * time, and a network between them. Nothing in it is real but SQLite, the engine, the server's
 * handler and the bytes that they exchange.
 *
 * The first thing that should not be is kept as the world's failure; whoever plays a history stops
 * there.
 */
#ifndef TERN_SIM_WORLD_H
#define TERN_SIM_WORLD_H

#include <jansson.h>
#include <sqlite3.h>

#include "base/bytes.h"
#include "server/db_sqlite.h"
#include "server/sync.h"
#include "sim/dice.h"
#include "sim/disk.h"
#include "tern/outbox.h"
#include "tern/row.h"
#include "tern/sync.h"

#define SIM_START_US INT64_C(1763600000000000)
#define SIM_SECOND_US INT64_C(1000000)
#define SIM_SERVER (-1)

enum { SIM_DEVICES = 8, SIM_USERS = 8, SIM_DOCUMENTS = 4, SIM_WEATHERS = 16, SIM_EPOCHS = 200 };

/* A schema document in one of its versions. */
struct sim_document {
    char *text;
    struct trn_schema *schema;
    struct trn_schema *alone; /* as a server has it that serves no older version */
};

struct sim_user {
    char name[24];
    char role[48];
    tern_id id;
};

/* A transaction whose commit returned OK. */
struct sim_commit {
    tern_id tx;
    int device;
    size_t event;
    bool replaced; /* by a new transaction: it was tried again or discarded */
    bool reissued; /* it is itself such a new one */
    bool excused;  /* every image that held it was destroyed */
    bool given_up; /* it is a discard */
};

/* How a machine's file is looked into: look.c. */
struct sim_eye {
    sqlite3 *db;                /* NULL: closed */
    struct sim_glance *glances; /* compiled for it, or for the connection of those whose it is */
};

/* An exchange that was answered, in true time. */
struct sim_trip {
    int64_t sent_us;
    int64_t served_us; /* by the server's clock */
    int64_t read_us;
    int64_t ahead_us; /* the device's clock, before it was read */
};

struct sim_device {
    struct sim_world *world;
    int index;
    char name[24];
    char path[48];
    size_t user;
    size_t document; /* the app's */
    struct sim_disk *disk;
    struct sim_disk_log log; /* as last looked at: bounded.h */
    unsigned writing;        /* transactions of the app's in the midst of a session */
    struct sim_eye eye;
    struct sim_image *backup;
    size_t backup_user; /* whose the backup is, and by which document */
    size_t backup_document;
    tern_replica *replica; /* NULL: it did not come up */
    struct sim_statement *statements;
    struct sim_counted *counted; /* how rows change: counted.h */
    struct sim_care *care;       /* of its calls of the medication library; NULL: none yet */
    int64_t clock_off_us;
    bool clock_was_off;   /* ever */
    unsigned told_erased; /* users of whose erasure it has heard, a bit each */
    int64_t booted_us;
    tern_id boot;
    struct sim_dice dice; /* of its random port */
    enum trn_power power;
    uint64_t last_ordinal; /* that it committed */
    /* Was parked before a decision that failed. Its frames may lie in the log, whole but for what
     * failed behind them, and come to life with a crash. */
    struct trn_bytes undecided;
    bool troubled; /* a fault is armed: its calls may fail for it */
    char weather[SIM_WEATHERS][32];
    size_t weather_count;
    size_t message;          /* the longest of the sync that is under way */
    tern_error heard;        /* of the last call that failed */
    size_t bearer;           /* whose token its session has */
    struct sim_trip trip;    /* the last that was answered with a page */
    struct trn_bytes cursor; /* as last looked at: steady.h */
    tern_id cursor_device;   /* whose it was */
};

struct sim_epoch {
    int64_t from; /* the first number given while it was in force */
    char name[17];
};

/* Of the server's disk, and what was known of the history on it. */
struct sim_copy {
    struct sim_image *image; /* NULL: none was made */
    struct twin *twin;
    struct sim_epoch *epochs;
    size_t epoch_count;
};

struct sim_world {
    uint64_t seed;
    int64_t now_us;
    uint64_t hash;
    struct sim_document *documents; /* borrowed */
    size_t document_count;
    size_t served; /* which of them the server runs on */
    bool alone;    /* and serves no older one */
    struct sim_user users[SIM_USERS];
    size_t user_count;
    struct sim_device devices[SIM_DEVICES];
    size_t device_count;

    struct sim_disk *disk; /* the server's */
    struct sim_disk_log log;
    struct sim_eye eye;
    struct sim_copy backup;  /* the newest */
    struct sim_copy older;   /* the one before it */
    struct trn_backup word;  /* the file beside the database, of the last that was told of */
    struct trn_bytes copied; /* what those hold that were told of: backup.h */
    struct trn_db *db;       /* NULL: it is down */
    struct trn_server *server;
    struct trn_missed *job; /* its own, for missed doses; NULL: not started: care_job.h */
    struct trn_sync_limits limits;
    bool troubled;        /* a fault is armed at the server */
    int64_t clock_off_us; /* the server's */
    int64_t latest_us;    /* that its clock has shown */
    int64_t earliest_us;  /* the same, since it was first restored; 0: it never was */
    int64_t answered_to;  /* highest number that an answer may have told */
    struct sim_epoch epochs[SIM_EPOCHS];
    size_t epoch_count;

    bool erased[SIM_USERS]; /* the list beside the database: their records were erased */
    bool any_erased;

    struct trn_bytes late; /* a request that is still under way */
    size_t late_user;
    int late_device;

    struct sim_commit *commits;
    size_t commit_count;
    size_t commit_room;

    struct sim_retimed *retimed;   /* of restored servers, too: retimed.h */
    struct sim_expected *expected; /* of restored servers: restored.h */
    size_t expected_count;
    size_t expected_room;

    size_t event;    /* under way */
    uint64_t ops;    /* statements and exchanges */
    uint64_t faults; /* that struck */
    json_t *rows;    /* label -> id in hexadecimal */
    struct sim_watch *watch;
    struct sim_whole *whole;
    struct sim_strangers *strangers;
    bool care; /* people take medicine: care.h */
    struct sim_book *book;
    struct twin *twin; /* the reference model beside the server; NULL: it cannot follow */
    char only[32];     /* the one check that may fail; empty: any */
    char check[32];    /* name of the promise that broke; empty: none */
    char failure[600];
};

/* Notes a failure, the first alone. */
void sim_fail(struct sim_world *world, const char *check, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
bool sim_failed(const struct sim_world *world);
/* Makes bytes, or a number, part of the history's hash. */
void sim_hash(struct sim_world *world, const void *data, size_t size);
void sim_hash_number(struct sim_world *world, uint64_t number);

/* Whether a status may come of the faults that are armed. */
bool sim_is_trouble(tern_status status);

size_t sim_world_add_user(struct sim_world *world, const char *name, const char *role);
/* The user of a name; SIM_USERS for none. */
size_t sim_world_user(const struct sim_world *world, const char *name);
/* NULL for none. */
struct sim_device *sim_device_find(struct sim_world *world, const char *name);
const struct trn_schema *sim_device_schema(const struct sim_device *device);
/* The epoch that was in force when the number was given, as entries name it. */
const char *sim_epoch_of(const struct sim_world *world, int64_t number);

#endif
