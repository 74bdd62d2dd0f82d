/** The story, scene by scene. */
#ifndef DEMO_SCENES_H
#define DEMO_SCENES_H

#include "demo/device.h"
#include "demo/process.h"

struct demo_cast {
    struct demo_world world;
    struct demo_server server;
    const char *tern; /* the command */
    const char *fhir; /* folder of the FHIR files */
    tern_id patient;
    tern_id neighbour;
    tern_id doctor_user;
    tern_id operator_user;
    tern_id prescriptions[3];
    tern_id medications[3];
    struct demo_device phone;
    struct demo_device tablet;
    struct demo_device doctor;
    int64_t midnight_us; /* of the patient's day */
    char date[11];
};

void demo_scene_import(struct demo_cast *cast);
void demo_scene_first_sync(struct demo_cast *cast);
void demo_scene_offline(struct demo_cast *cast);
void demo_scene_return(struct demo_cast *cast);
void demo_scene_power_cut(struct demo_cast *cast);
void demo_scene_decisions(struct demo_cast *cast);
/** Everyone syncs until nobody has anything new. */
void demo_scene_quiet(struct demo_cast *cast);

/** The document about who is who, for the picture and the checks. */
json_t *demo_cast_json(const struct demo_cast *cast);

#endif
