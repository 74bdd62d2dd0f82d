#include "tests/unit/server/scene.h"

#include <string.h>

void scene_open(struct scene *scene)
{
    lab_open(&scene->lab);
    phone_open(&scene->phone, &scene->lab, 1, 1);
    scene->prescription = lab_id('p', 1);
    scene->medication = lab_id('m', 1);
    phone_insert_user(&scene->phone, "PATIENT");
    phone_insert_prescription(&scene->phone, scene->prescription, scene->phone.auth.user, "One");
    phone_insert_medication(&scene->phone, scene->medication, scene->prescription);
    scene->dose = phone_insert_dose(&scene->phone, scene->prescription, scene->medication);
    phone_push(&scene->phone);
}

void scene_close(struct scene *scene)
{
    phone_close(&scene->phone);
    lab_close(&scene->lab);
}

void scene_open_second(struct phone *phone, struct scene *scene)
{
    phone_open(phone, &scene->lab, 1, 2);
    memcpy(phone->epoch, scene->phone.epoch, sizeof(phone->epoch));
}

tern_status phone_code(struct phone *phone)
{
    struct reply reply;
    tern_status code;

    phone_sync(phone, 0, &reply);
    CHECK_INT(reply.verdict_count, 1);
    code = reply.verdicts[0].kind == TRN_VERDICT_REJECTED ? reply.verdicts[0].code : TERN_OK;
    reply_free(&reply);
    return code;
}
