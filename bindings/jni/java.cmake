# tern.jar of the Java sources, for Java 11. With OLD_CLASSES they are compiled once more, against the class library of
# Java 8, and the result is thrown away: what that one has not, Android 7 could not have either.
set(TERN_JAVA_SOURCES
    java/org/tern/Adherence.java
    java/org/tern/Alerts.java
    java/org/tern/AuditLog.java
    java/org/tern/BaseUrl.java
    java/org/tern/CallTransport.java
    java/org/tern/Care.java
    java/org/tern/Cells.java
    java/org/tern/Core.java
    java/org/tern/Cursor.java
    java/org/tern/Cursors.java
    java/org/tern/Dose.java
    java/org/tern/DoseStatus.java
    java/org/tern/ErrorCode.java
    java/org/tern/Gate.java
    java/org/tern/HttpTransport.java
    java/org/tern/JavaZones.java
    java/org/tern/LiveQuery.java
    java/org/tern/LogLines.java
    java/org/tern/MainThread.java
    java/org/tern/Medication.java
    java/org/tern/Medicine.java
    java/org/tern/Micros.java
    java/org/tern/MissedCursor.java
    java/org/tern/Native.java
    java/org/tern/Nullable.java
    java/org/tern/OutboxChange.java
    java/org/tern/OutboxEntry.java
    java/org/tern/Pack.java
    java/org/tern/Ports.java
    java/org/tern/Prescription.java
    java/org/tern/PrescriptionState.java
    java/org/tern/PrescriptionVersion.java
    java/org/tern/Problem.java
    java/org/tern/Queries.java
    java/org/tern/Quota.java
    java/org/tern/ReaderLink.java
    java/org/tern/Reaper.java
    java/org/tern/RefusedVersion.java
    java/org/tern/Regimen.java
    java/org/tern/Reminders.java
    java/org/tern/Replica.java
    java/org/tern/ReplicaStatus.java
    java/org/tern/RetryAfter.java
    java/org/tern/Row.java
    java/org/tern/Rows.java
    java/org/tern/ScheduleReport.java
    java/org/tern/Settings.java
    java/org/tern/Snapshot.java
    java/org/tern/StatementCache.java
    java/org/tern/SyncCall.java
    java/org/tern/SyncOptions.java
    java/org/tern/SyncProgress.java
    java/org/tern/TakeOptions.java
    java/org/tern/TernException.java
    java/org/tern/TimePeriod.java
    java/org/tern/TokenSource.java
    java/org/tern/Tx.java
    java/org/tern/Unpack.java
    java/org/tern/Upcalls.java
    java/org/tern/UrlTransport.java
    java/org/tern/Words.java
)

# tern_jar(<name> SOURCES a.java ... [JARS x.jar ...] [OLD_CLASSES]): <name>.jar in the build folder, as the target <name>_jar
function(tern_jar name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "OLD_CLASSES" "" "SOURCES;JARS")
    set(sources "")
    foreach(source IN LISTS arg_SOURCES)
        list(APPEND sources "${CMAKE_CURRENT_SOURCE_DIR}/${source}")
    endforeach()
    set(classes "${CMAKE_CURRENT_BINARY_DIR}/${name}.classes")
    set(jar "${CMAKE_CURRENT_BINARY_DIR}/${name}.jar")
    list(JOIN arg_JARS ":" path)
    set(old "")
    if(arg_OLD_CLASSES)
        set(old COMMAND ${Java_JAVAC_EXECUTABLE} -nowarn -Xlint:-options --release 8 -proc:none -encoding UTF-8
            -d "${classes}.8" ${sources})
    endif()
    add_custom_command(OUTPUT "${jar}"
        ${old}
        COMMAND ${CMAKE_COMMAND} -E rm -rf "${classes}" "${classes}.8"
        COMMAND ${Java_JAVAC_EXECUTABLE} -nowarn -Xlint:all,-classfile,-processing -Werror --release 11 -proc:none -encoding UTF-8
            -cp "${path}" -d "${classes}" ${sources}
        COMMAND ${Java_JAR_EXECUTABLE} cf "${jar}" -C "${classes}" .
        DEPENDS ${sources} ${arg_JARS} VERBATIM)
    add_custom_target(${name}_jar ALL DEPENDS "${jar}")
endfunction()

tern_jar(tern OLD_CLASSES SOURCES ${TERN_JAVA_SOURCES})
set(TERN_JAR "${CMAKE_CURRENT_BINARY_DIR}/tern.jar")

tern_jar(tern-sample SOURCES sample/java/org/tern/sample/DayModel.java sample/java/org/tern/sample/Main.java
    JARS "${TERN_JAR}")
add_dependencies(tern-sample_jar tern_jar)
set(TERN_SAMPLE_JAR "${CMAKE_CURRENT_BINARY_DIR}/tern-sample.jar")
