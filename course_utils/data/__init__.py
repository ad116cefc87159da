"""Every data set as a `datasets.Dataset`: by catalogue name, or from the learner's own folder.

The column ``audio`` holds ``{"bytes", "path"}`` values (``datasets.Audio(decode=False)``), which
`course_utils.audio.load` decodes; ``label`` is a ``ClassLabel``. Nothing here needs torchcodec.
"""

from course_utils.data.checkup import check_folder
from course_utils.data.columns import DataError
from course_utils.data.folder import AUDIO_SUFFIXES, load_folder
from course_utils.data.loading import load, load_parquet
from course_utils.data.splits import SPLITS, grouped_split

__all__ = ["AUDIO_SUFFIXES", "SPLITS", "DataError"]
__all__ += ["check_folder", "grouped_split", "load", "load_folder", "load_parquet"]
