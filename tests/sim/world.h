/*
 * A world in one process: devices, a server, and between them a network that does what the test
 * says. Time is the test's; randomness is a seed's; so every run of a test is the same run.
 *
 * Every device is a real replica in a file of its own, the server the real handler over its real
 * database; only sockets, clocks and dice are made up.
 */
#ifndef TERN_TEST_SIM_WORLD_H
#define TERN_TEST_SIM_WORLD_H

#include "server/db_sqlite.h"
#include "server/sync.h"
#include "sim/model/twin.h"
#include "tern/outbox.h"
#include "tern/row.h"
#include "tern/sync.h"
#include "tests/harness/harness.h"

#define WORLD_START_US INT64_C(1763600000000000)

enum { WORLD_ANSWERS = 8 /* to questions, that stay */ };

/* What becomes of one exchange. */
enum weather {
    FINE,
    REQUEST_LOST,  /* the server never sees it */
    ANSWER_LOST,   /* it did, and the device never hears of it */
    ANSWER_CUT,    /* half of the answer arrives */
    REQUEST_TWICE, /* it arrives twice; the second answer is what the device hears */
    SERVER_AWAY    /* 503 */
};

struct world {
    int64_t now_us; /* the true time */
    char folder[512];
    char *document;
    struct trn_schema *schema;
    struct trn_db *db;
    struct trn_server *server;
    struct trn_sync_limits limits;
    int64_t trip_us;   /* how long an exchange takes */
    bool durable;      /* the server waits for its disk */
    struct twin *twin; /* the reference model beside the server */
    struct {
        const char *name; /* borrowed */
        struct twin *twin;
    } saved[4]; /* as it was when the database was copied */
    size_t saved_count;
    uint64_t seed; /* that its messages name */
};

struct device;

struct device {
    struct world *world;
    char path[600];
    const char *document; /* the app's own, borrowed; NULL: the world's */
    const char *vfs;      /* where its file lies; NULL: the default */
    tern_replica *replica;
    tern_id user;
    enum trn_power power;
    int64_t clock_off_us; /* its wall clock minus the true time */
    tern_id boot;
    uint64_t seed;
    enum weather weather[8]; /* of the exchanges to come, then FINE */
    size_t weather_count;
    uint64_t exchanges;
    uint64_t rows_received;
    /* Says what the device hears instead of the server's word; false lets the exchange go its way.
     */
    bool (*meddle)(struct device *device,
                   const tern_http_request *request,
                   tern_http_answer *ret_answer);
    void *meddling;
    const char *token;
    int64_t waited_ms;
    tern_error heard;  /* what the last sync said of its failure */
    char logged[4096]; /* the log, as far as there is room */
};

/* A reference model judges all that the server is sent: every verdict must be the same, and at the
 * end all rows, stamps and audit entries. */
void world_begin(struct world *world);
void world_end(struct world *world);
void world_pass(struct world *world, int64_t us);
/* Restarts the server's process over the same database. */
void world_restart(struct world *world);
/* The two halves of that. */
void world_stop(struct world *world);
void world_start(struct world *world);
/* Restarts it with another schema document, which is copied and becomes the world's. */
void world_serve(struct world *world, const char *text);
/* The same over an empty database, so that the document may be any. */
void world_found(struct world *world, const char *text);
/* The next version of the world's document: notes have a colour, in a unit of its own, and tags, a
 * table of their own; to be freed. */
char *world_next_document(const struct world *world);
/* The server's schema is a version further, and it sends nothing to older devices. */
void world_upgrade(struct world *world);
/* The server handles the call's request. */
void world_handle(struct world *world, struct trn_sync_call *call);
/* Copies of the server's database: what a backup is. */
void world_save(struct world *world, const char *name);
void world_restore(struct world *world, const char *name);

/* An operator erases the record of a user. */
void world_erase(struct world *world, char user);
/* An operator lets the rows go that have had their time, at most so many in a transaction; how many
 * went. */
uint64_t world_retain(struct world *world, size_t rows_at_once);
/* The server let go of so many rows, by the test's own call. */
void world_retained(struct world *world, uint64_t count);
/* What a query of the server's database gives, as device_ask. */
const char *world_ask(struct world *world, const char *sql);

void world_copy_file(const char *from, const char *to);
/* Says on stderr what failed, ahead of the check that does. */
void world_tell(const char *what, const tern_error *error);

/* A device of `user` (one hexadecimal digit names a user), its replica new. */
void device_begin(struct world *world, struct device *device, const char *name, char user);
/* A second device on a copy of the first one's file; both are open then. */
void device_begin_copy(struct world *world,
                       struct device *copy,
                       const char *name,
                       struct device *from);
void device_end(struct device *device);
void device_close(struct device *device);
void device_open(struct device *device);
/* The machine was off, and comes up with its clock off by so much. */
void device_boot(struct device *device, int64_t clock_off_us);
tern_status device_try_open(struct device *device, tern_error *error);
tern_id world_user(char user);

/* One statement of the app; it must work. */
void device_run(struct device *device, const char *sql);
/* The same, as a transaction of its own that is declared inferred. */
void device_infer(struct device *device, const char *sql);
tern_status device_try(struct device *device, const char *sql);
/* What a query gives, rows separated by ';' and cells by ','; blobs in hexadecimal. Eight static
 * buffers in turn. */
const char *device_ask(struct device *device, const char *sql);
/* The weather of the next exchanges. */
void device_expect(struct device *device, enum weather weather);
/* A whole sync. */
tern_status device_sync(struct device *device);
void device_sync_well(struct device *device);
/* The same, with one entry a request. */
void device_sync_by_ones(struct device *device);
/* Begins a sync whose steps the test takes itself. */
tern_sync *device_sync_open(struct device *device);
/* Carries the request of a step, as a sync of its own would. */
void device_carry(struct device *device, tern_sync *sync, const tern_http_request *request);
/* Lets the server handle a request, and appends its answer, which the device has yet to hear. */
void device_overhear(struct device *device,
                     const tern_http_request *request,
                     struct trn_bytes *answer);
/* Appends the body of a request as it was before compression. */
void request_open(const tern_http_request *request, struct trn_bytes *body);
/* How many entries a request carries, and whether the bytes of one of them hold `text`. */
size_t request_entries(const tern_http_request *request);
bool request_holds(const tern_http_request *request, const char *text);
/* An answer of a status, with a problem document of a code or none. */
void device_answer_problem(tern_http_answer *ret_answer, int status, const char *code);
/* To meddle: every cursor is refused. */
bool device_refuse_cursor(struct device *device,
                          const tern_http_request *request,
                          tern_http_answer *ret_answer);
/* An answer with a detail, too, in JSON's spelling without the quotes. */
void device_answer_detail(tern_http_answer *ret_answer,
                          int status,
                          const char *code,
                          const char *detail);
/* All rows of all tables of the schema, as text, in the order of their ids; to be freed. */
char *device_dump(struct device *device);
/* Whether the device holds what a new device of its user would be sent. */
void device_check_converged(struct device *device);
tern_replica_status device_status(struct device *device);

#endif
