# The console's page in the program: what stands in core/console/web/dist at build time, gzipped, by
# .incbin, with a table of names. Nothing there, or -DMIS_CONSOLE=OFF: an empty table, and a plain
# page that says so. No C++ target needs npm: `cmake --build DIR --target console_web` runs it.
set(console_web ${CMAKE_SOURCE_DIR}/core/console/web)
set(console_dist ${console_web}/dist)
set(console_assets "")
if(MIS_CONSOLE AND EXISTS ${console_dist}/index.html)
    file(GLOB_RECURSE console_assets CONFIGURE_DEPENDS RELATIVE ${console_dist} ${console_dist}/*)
endif()
find_program(CONSOLE_GZIP gzip REQUIRED)
set(console_made ${CMAKE_BINARY_DIR}/console)
file(MAKE_DIRECTORY ${console_made})
set(console_table "")
set(console_names "")
set(console_packed "")
set(console_number 0)
foreach(asset ${console_assets})
    set(packed ${console_made}/${console_number}.gz)
    add_custom_command(
        OUTPUT ${packed} COMMAND ${CONSOLE_GZIP} -9nc ${console_dist}/${asset} > ${packed}
        DEPENDS ${console_dist}/${asset} VERBATIM)
    list(APPEND console_packed ${packed})
    string(APPEND console_names
        "extern \"C\" const char mis_console_asset_${console_number}[]; extern \"C\" const char mis_console_asset_${console_number}_end[];\n"
        "__asm__(\".section .rodata\\n.global mis_console_asset_${console_number}\\nmis_console_asset_${console_number}:\\n.incbin \\\"${packed}\\\"\\n"
        ".global mis_console_asset_${console_number}_end\\nmis_console_asset_${console_number}_end:\\n.byte 0\\n.text\\n\");\n")
    string(APPEND console_table
        "        {\"${asset}\", {mis_console_asset_${console_number}, static_cast<std::size_t>(mis_console_asset_${console_number}_end - mis_console_asset_${console_number})}},\n")
    math(EXPR console_number "${console_number} + 1")
endforeach()
file(CONFIGURE OUTPUT ${console_made}/built_in_assets.cpp CONTENT [[// Made by core/console/assets.cmake.
#include "console/assets.hpp"

@console_names@
namespace mis::console {

const std::vector<Asset>& built_in_assets() {
    static const std::vector<Asset> all{
@console_table@    };
    return all;
}

}  // namespace mis::console
]] @ONLY)
add_library(mis_console_assets OBJECT ${console_made}/built_in_assets.cpp)
# compiled alone: of several together CMake forgets what one of them depends on
set_target_properties(mis_console_assets PROPERTIES UNITY_BUILD OFF)
set_source_files_properties(${console_made}/built_in_assets.cpp PROPERTIES OBJECT_DEPENDS "${console_packed}")
target_include_directories(mis_console_assets PRIVATE core)
target_link_libraries(mis_console_assets PRIVATE mis_base)
target_sources(mis_console PRIVATE $<TARGET_OBJECTS:mis_console_assets>)
find_program(NPM npm)
if(NPM)
    add_custom_target(console_web
        COMMAND ${NPM} ci --no-audit --no-fund COMMAND ${NPM} run build
        WORKING_DIRECTORY ${console_web} VERBATIM)
endif()
