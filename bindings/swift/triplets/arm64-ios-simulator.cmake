# As vcpkg's own, but for iOS 15, and SQLite without its locks for file systems of a network: to tell these it asks for the
# kind of file system by a call that the App Store takes for a look at the disk's space.
set(VCPKG_TARGET_ARCHITECTURE arm64)
set(VCPKG_CRT_LINKAGE dynamic)
set(VCPKG_LIBRARY_LINKAGE static)
set(VCPKG_CMAKE_SYSTEM_NAME iOS)
set(VCPKG_OSX_SYSROOT iphonesimulator)
set(VCPKG_OSX_ARCHITECTURES arm64)
set(VCPKG_OSX_DEPLOYMENT_TARGET 15.0)
set(VCPKG_C_FLAGS -DSQLITE_ENABLE_LOCKING_STYLE=0)
set(VCPKG_CXX_FLAGS "")
