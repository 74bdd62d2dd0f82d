/* Where most tests of pushes begin. */
#ifndef TERN_TEST_SERVER_SCENE_H
#define TERN_TEST_SERVER_SCENE_H

#include "tests/unit/server/lab.h"

/* One patient with one prescription, one medication and one dose, all on the server. */
struct scene {
    struct lab lab;
    struct phone phone;
    tern_id prescription;
    tern_id medication;
    tern_id dose;
};

void scene_open(struct scene *scene);
void scene_close(struct scene *scene);
/* Another device of the same user. */
void scene_open_second(struct phone *phone, struct scene *scene);
/* The one verdict of an exchange. */
tern_status phone_code(struct phone *phone);

#endif
