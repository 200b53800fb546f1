// The pages of docs/ as a site: `npm run docs` serves them, `npm run docs:build` writes them to docs/.vitepress/dist. A
// link that leads nowhere fails the build.
import { defineConfig, type MarkdownRenderer } from 'vitepress'
import { slugOf } from '../../scripts/slug.mjs'

/** Where the repository can be seen, such as `https://github.com/owner/name/blob/main`; without it, links into it are text. */
const repository = process.env.DOCS_REPOSITORY

const guide = (text: string, name: string) => ({ text, link: `/${name}` })

export default defineConfig({
  title: 'cc',
  description: 'An HTTP cache for undici and fetch',
  // Below which path it is served, such as `/name/`.
  base: process.env.DOCS_BASE ?? '/',
  cleanUrls: true,
  markdown: { anchor: { slugify: slugOf }, config: (markdown) => void linkOutside(markdown) },
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    sidebar: [
      {
        text: 'Start',
        items: [guide('What it is', ''), guide('Upgrading', 'upgrading'), guide('Compatibility', 'compatibility')]
      },
      {
        text: 'Stores',
        items: [
          guide('Memory', 'dict-store'),
          guide('A folder', 'file-store'),
          guide('Redis', 'redis-store'),
          guide('Bridges', 'bridges'),
          guide('Writing one', 'writing-a-store')
        ]
      },
      {
        text: 'Coming from',
        items: [
          guide('CacheControl', 'coming-from-cachecontrol'),
          guide('undici’s interceptor', 'coming-from-undici'),
          guide('got', 'coming-from-got'),
          guide('make-fetch-happen', 'coming-from-make-fetch-happen')
        ]
      },
      {
        text: 'Using it',
        items: [
          guide('Options', 'options'),
          guide('Fetch and request modes', 'request-modes'),
          guide('Operations', 'operations'),
          guide('Observing and explaining', 'observing'),
          guide('Collapsed requests', 'collapsing'),
          guide('Ranges', 'ranges'),
          guide('Other methods than GET', 'methods'),
          guide('No-Vary-Search', 'no-vary-search'),
          guide('Record and replay', 'record-and-replay'),
          guide('Trust in the store', 'security')
        ]
      },
      {
        text: 'What is promised',
        items: [
          guide('Requirements', 'requirements'),
          guide('Reliability', 'reliability'),
          guide('Performance', 'performance')
        ]
      },
      {
        text: 'How it is built',
        items: [guide('Architecture', 'architecture'), guide('Decisions', 'decisions'), guide('Glossary', 'glossary')]
      }
    ]
  }
})

/** Links that leave docs/ go to the repository, whose files are not part of the site. */
function linkOutside(markdown: MarkdownRenderer): void {
  markdown.core.ruler.push('links-outside', ({ tokens }) => {
    for (const { children } of tokens) {
      let isText = false
      for (const token of children ?? []) {
        if (token.type === 'link_open') {
          const target = token.attrGet('href') ?? ''
          if (!target.startsWith('../')) continue
          if (repository !== undefined) token.attrSet('href', new URL(target, `${repository}/docs/`).href)
          else isText = true
        }
        if (!isText) continue
        isText = token.type !== 'link_close'
        if (token.type.startsWith('link_')) Object.assign(token, { type: 'text', tag: '', nesting: 0, content: '' })
      }
    }
  })
}
