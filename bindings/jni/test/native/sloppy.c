/* A library of one deliberate mistake, which the check of JNI has to find. */
#include <jni.h>

JNIEXPORT void JNICALL Java_org_tern_Sloppy_sin(JNIEnv *env, jclass owner);

/* Goes on calling with an exception pending. */
void Java_org_tern_Sloppy_sin(JNIEnv *env, jclass owner)
{
    (void)owner;
    (void)(*env)->FindClass(env, "org/tern/Nowhere");
    (void)(*env)->NewByteArray(env, 1);
    (*env)->ExceptionClear(env);
}
