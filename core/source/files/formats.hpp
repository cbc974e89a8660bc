// The formats of exports: each reads a file from its beginning to its end and hands its rows to a
// RowSink, in bounded memory. malformed: the file is broken or cut short, so nothing of it
// counts; misconfigured: it is of another kind than was said. Errors do not name the file.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "source/files/table_rows.hpp"

namespace mis::source::files {

// The declaration with the site's encoding in it; `format` is no longer by_name.
Result<void> read_csv(
    const std::filesystem::path& file, const FileDeclaration& form, RowSink& rows
);
Result<void> read_json_lines(
    const std::filesystem::path& file, const FileDeclaration& form, RowSink& rows
);
Result<void> read_xlsx(
    const std::filesystem::path& file, const FileDeclaration& form, RowSink& rows
);
Result<void> read_dbf(
    const std::filesystem::path& file, const FileDeclaration& form, RowSink& rows
);
// Documents with a list of rows in them, `form.rows`, of any size. What is nested in a row is a
// field named by its path ("Person/Name", "person.name"), an attribute by its name.
Result<void> read_xml(
    const std::filesystem::path& file, const FileDeclaration& form, RowSink& rows
);
Result<void> read_json(
    const std::filesystem::path& file, const FileDeclaration& form, RowSink& rows
);

// By the end of the name; by_name: none of ours.
Format format_by_name(const std::filesystem::path& file);

}  // namespace mis::source::files
