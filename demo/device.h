/** One device of the story: a replica with a clock of its own, and a network that can fail. */
#ifndef DEMO_DEVICE_H
#define DEMO_DEVICE_H

#include "demo/story.h"
#include "tern/curl.h"
#include "tern/platform.h"
#include "tern/row.h"
#include "tern/sync.h"

/** What happens to the next exchange. */
enum demo_fault {
    DEMO_NO_FAULT,
    DEMO_LOSE_ANSWER, /* the server did it; the answer never arrives */
    DEMO_CUT_ANSWER,  /* half of the answer arrives */
    DEMO_SEND_TWICE,  /* the network delivers the request two times */
};

/** What all devices share. */
struct demo_world {
    struct demo_story story;
    const char *folder;
    const char *url;
    const char *ca_file;
    const char *schema;
    size_t schema_size;
    const char *server_database;
    int64_t wal_max_bytes; /* the largest write-ahead log seen, of any file */
};

struct demo_device {
    struct demo_world *world;
    enum demo_lane lane;
    tern_id user;
    int64_t clock_offset_us; /* how wrong its wall clock is; may change at any time */
    enum demo_fault fault;
    bool impatient; /* gives a sync up at the first failure */
    tern_curl *curl;
    tern_http_port http; /* the real one */
    tern_ports ports;
    tern_replica *replica;
    char *token;
};

/** Microseconds of the true wall clock. */
int64_t demo_now_us(void);

/** Ends the demo with a sentence: it tells a story, and a story that cannot be told is a failure.
 */
void demo_require(tern_status status, const tern_error *error, const char *what);

/** Lets a moment pass, so that what happens next happens later by every clock. */
void demo_pause(void);

/** Opens the replica `name`.db in the world's folder for the user, with a token from the file
 * `name`.jwt there. */
void demo_device_open(struct demo_device *device,
                      struct demo_world *world,
                      enum demo_lane lane,
                      const char *name,
                      const tern_id *user);
void demo_device_close(struct demo_device *device);

/** One sync; what became of it is told, and TERN_OK or the failure returned. */
tern_status demo_device_sync(struct demo_device *device);

/** Runs the SQL query on a reader of its own and gives the first cell as text, owned by the caller;
 * NULL without a row or for a null. */
char *demo_device_text(struct demo_device *device, const char *sql, const tern_id *id);

#endif
