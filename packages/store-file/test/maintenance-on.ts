import { Clearing } from '../src/clearing.js'
import type { Disk } from '../src/disk.js'
import { Entries } from '../src/entries.js'
import { Folder } from '../src/folder.js'
import { Layout } from '../src/layout.js'
import { Maintenance } from '../src/maintenance.js'
import { Marks } from '../src/marks.js'
import { readOptions } from '../src/options.js'
import { Survey } from '../src/survey.js'
import { Tidying } from '../src/tidying.js'
import { Turns } from '../src/turns.js'

/** The maintenance of a folder on such a disk. */
export function maintenanceOn(path: string, disk: Disk): Maintenance {
  const settings = readOptions(path, {})
  const layout = new Layout(path)
  const folder = new Folder(layout, disk, settings)
  const turns = new Turns()
  const marks = new Marks(layout, disk, folder, settings.clock)
  const tidying = new Tidying(layout, disk, folder, new Entries(layout, disk, folder, turns, marks), turns, marks)
  const survey = new Survey(layout, disk, folder)
  const clearing = new Clearing(layout, disk, folder)
  return new Maintenance({ layout, disk, folder, survey, tidying, marks, clearing }, settings)
}
