# User C module `hal` and the portable core under it, for ports built by CMake. The port supplies
# the board and the generated dictionary (EMEI_GENERATED_DIR: the folder that holds dictionary.h).
add_library(usermod_hal INTERFACE)

file(GLOB HAL_MODULE_SOURCES CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/*.c)
file(GLOB HAL_CORE_SOURCES CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/../core/*.c)

target_sources(usermod_hal INTERFACE
    ${HAL_MODULE_SOURCES}
    ${HAL_CORE_SOURCES}
    ${EMEI_GENERATED_DIR}/dictionary.c
)
target_include_directories(usermod_hal INTERFACE
    ${CMAKE_CURRENT_LIST_DIR}
    ${CMAKE_CURRENT_LIST_DIR}/../include
    ${EMEI_GENERATED_DIR}
)
target_link_libraries(usermod INTERFACE usermod_hal)
