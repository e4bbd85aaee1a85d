import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './pages/App.tsx'
import { ErrorBoundary } from './parts/ErrorBoundary.tsx'

const root = document.getElementById('root')
if (root === null) throw new Error('index.html has no element with the id root')
createRoot(root).render(
  <StrictMode>
    <ErrorBoundary>
      <App />
    </ErrorBoundary>
  </StrictMode>,
)
